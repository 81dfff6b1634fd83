//! The settings of a sandbox.

use std::net::{Ipv4Addr, SocketAddr};

use crate::error::SandboxError;
use crate::faults::Fault;

/// A user who can log in.
#[derive(Clone, Debug)]
pub struct SandboxUser {
    /// Login name.
    pub username: String,
    /// Password, compared as plain text.
    pub password: String,
}

/// The settings of a sandbox. The same settings give the same data, byte for byte.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// The seed of all data.
    pub seed: u64,
    /// The number of households in all boundaries. A million need no memory, because families are generated on demand.
    pub households: u64,
    /// The number of leaf boundaries (villages), 1 to 100,000. The households are distributed unevenly over them.
    pub boundaries: u32,
    /// DIGIT tenant, e.g. `mz`.
    pub tenant: String,
    /// DIGIT boundary hierarchy, e.g. `ADMIN`.
    pub hierarchy: String,
    /// Users who can log in. Every user is staff of both projects.
    pub users: Vec<SandboxUser>,
    /// The status code of a downsync response: 200 (servers since July 2026) or 202 (before).
    pub accepted_status: u16,
    /// Answer a downsync with links to pre-generated files instead of pages.
    pub pregen: bool,
    /// Send checklists (`Services`). If off, the list is null.
    pub services: bool,
    /// The address to listen on. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// The faults to inject.
    pub faults: Vec<Fault>,
}

impl Default for SandboxConfig {
    /// 1,000 households in 5 villages of tenant `mz`, user `distributor`, password `fieldcast`, any free port of this
    /// machine.
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
    /// Rejects invalid settings.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let reason = if self.tenant.is_empty() {
            "`tenant` must not be empty"
        } else if self.users.is_empty() {
            "`users` must contain at least one user"
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
