//! What a sandbox is made of.

use std::net::{Ipv4Addr, SocketAddr};

use crate::error::SandboxError;
use crate::faults::Fault;

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct SandboxUser {
    /// Login name.
    pub username: String,
    /// Password, compared as it is.
    pub password: String,
}

/// The settings of a sandbox. The same settings give the same data, byte for byte.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Where all data comes from.
    pub seed: u64,
    /// Households over all boundaries. A million cost no memory: families are made when asked for.
    pub households: u64,
    /// Leaf boundaries (villages), 1 to 100,000; each holds an uneven share of the households.
    pub boundaries: u32,
    /// DIGIT tenant, e.g. `mz`.
    pub tenant: String,
    /// DIGIT boundary hierarchy, e.g. `ADMIN`.
    pub hierarchy: String,
    /// Who may log in; every user is staff of both projects.
    pub users: Vec<SandboxUser>,
    /// What a downsync answers with: 200 (servers since July 2026) or 202 (before).
    pub accepted_status: u16,
    /// Answer a downsync with links to pre-generated files instead of pages.
    pub pregen: bool,
    /// Send checklists (`Services`); off, the list is null.
    pub services: bool,
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
}

impl Default for SandboxConfig {
    /// 1,000 households in 5 villages of tenant `mz`, user `distributor`, password `fieldcast`, any free port of this machine.
    fn default() -> Self {
        Self {
            seed: 1,
            households: 1_000,
            boundaries: 5,
            tenant: "mz".into(),
            hierarchy: "ADMIN".into(),
            users: vec![SandboxUser { username: "distributor".into(), password: "fieldcast".into() }],
            accepted_status: 200,
            pregen: false,
            services: true,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            faults: Vec::new(),
        }
    }
}

impl SandboxConfig {
    /// Refuses what no server could be made of.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let reason = if self.tenant.is_empty() {
            "`tenant` must not be empty"
        } else if self.users.is_empty() {
            "`users` must hold at least one, or nobody can log in"
        } else if !matches!(self.accepted_status, 200 | 202) {
            "`accepted_status` must be 200 or 202"
        } else if !(1..=100_000).contains(&self.boundaries) {
            "`boundaries` must be 1 to 100,000"
        } else if self.households > 100_000_000 {
            "`households` must be at most 100,000,000"
        } else {
            return Ok(());
        };
        Err(SandboxError::Config { reason })
    }
}
