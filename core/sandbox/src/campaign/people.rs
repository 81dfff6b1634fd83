//! The workers of the campaign, and the projects they work for.

use crate::config::SandboxConfig;
use crate::key::SeedKey;
use crate::uuid::Uuid;

/// How many field workers occur in audit details.
const WORKERS: u64 = 40;

/// The kind of beneficiary of a project. It decides which records a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeneficiaryKind {
    /// Every family member is a beneficiary (seasonal malaria chemoprevention).
    Individual,
    /// The household is the beneficiary (bed nets).
    Household,
}

/// A project (campaign).
#[derive(Clone, Debug)]
pub struct CampaignProject {
    /// The project id in a downsync request.
    pub id: String,
    /// The first id of its hierarchy. Pre-generated files are stored under it.
    pub root_id: String,
    /// Its name for display.
    pub name: String,
    /// Project type code.
    pub project_type: &'static str,
    /// The kind of beneficiary.
    pub beneficiary_type: BeneficiaryKind,
    pub(crate) key: SeedKey,
}

/// The projects. Most demos use the first.
pub(crate) fn projects(root: SeedKey) -> Vec<CampaignProject> {
    let make = |n: u64, name: &str, project_type, beneficiary_type| {
        let key = root.child(900 + n);
        CampaignProject {
            id: key.child(1).uuid().to_string(),
            root_id: key.child(2).uuid().to_string(),
            name: name.into(),
            project_type,
            beneficiary_type,
            key,
        }
    };
    vec![
        make(0, "SMC Nampula 2025, ciclo 1", "MR-DN", BeneficiaryKind::Individual),
        make(1, "Campanha de redes 2025", "LLIN-mz", BeneficiaryKind::Household),
    ]
}

/// Field workers and login users, by UUID.
#[derive(Debug)]
pub(crate) struct People {
    workers: Vec<Uuid>,
    staff: Vec<(String, String, Uuid)>,
}

impl People {
    pub(crate) fn new(root: SeedKey, config: &SandboxConfig) -> Self {
        let workers = (0..WORKERS).map(|n| root.child(n).uuid()).collect();
        let staff = config.users.iter().zip(10_000..);
        let staff =
            staff.map(|(user, n)| (user.username.clone(), user.password.clone(), root.child(n).uuid())).collect();
        Self { workers, staff }
    }

    /// Returns the field worker for a draw.
    pub(crate) fn worker(&self, draw: u64) -> Uuid {
        self.workers[(draw % WORKERS) as usize]
    }

    /// Login users as (name, UUID), in the order of the configuration.
    pub(crate) fn staff(&self) -> impl Iterator<Item = (&str, Uuid)> {
        self.staff.iter().map(|(name, _, uuid)| (name.as_str(), *uuid))
    }

    /// Returns the index of the user with this name and password.
    pub(crate) fn login(&self, username: &str, password: &str) -> Option<usize> {
        self.staff.iter().position(|(name, secret, _)| name == username && secret == password)
    }
}
