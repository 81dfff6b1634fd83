//! The campaign: who lives where, and what happened to them. Everything is drawn from the seed when it is asked for.

mod delivery;
mod family;
mod hf_referral;
mod life;
mod moment;
mod names;
mod people;
mod person;
mod places;
mod record;
mod slot;

use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

pub use self::moment::Moment;
pub use self::people::{BeneficiaryType, Project};
pub use self::places::{Boundary, Leaf};
pub use self::record::Record;

pub(crate) use self::family::{Family, Visit};
pub(crate) use self::people::People;

use self::life::Epoch;
use self::places::Places;
use crate::config::SandboxConfig;
use crate::error::SandboxError;
use crate::key::Key;

/// What never changes while a sandbox runs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) key: Key,
    pub(crate) tenant: String,
    pub(crate) hierarchy: String,
    pub(crate) services: bool,
    pub(crate) households: u64,
    pub(crate) places: Places,
    pub(crate) projects: Vec<Project>,
    pub(crate) people: People,
}

/// A campaign that can move on. Share it in an `Arc`.
#[derive(Debug)]
pub struct Campaign {
    plan: Arc<Plan>,
    epochs: RwLock<Arc<[Epoch]>>,
}

/// What one `advance` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advance {
    /// Number of the new epoch, from 1.
    pub epoch: usize,
    /// Share of the records that changed or were added, as asked for.
    pub permille: u32,
    /// Campaign clock before, ms: every change of the epoch is later than this.
    pub since: i64,
    /// Campaign clock now, ms: no change is later than this.
    pub now: i64,
    /// Households registered in this epoch.
    pub households_added: u64,
}

impl Campaign {
    /// Lays out the boundaries; makes no family. Costs a few hundred bytes a boundary.
    ///
    /// # Errors
    /// [`SandboxError::Config`] where a setting makes no sense.
    pub fn new(config: &SandboxConfig) -> Result<Self, SandboxError> {
        config.check()?;
        let key = Key::root(config.seed);
        let plan = Plan {
            key,
            tenant: config.tenant.clone(),
            hierarchy: config.hierarchy.clone(),
            services: config.services,
            households: config.households,
            places: Places::grow(key.child(11), config.boundaries, config.households),
            projects: people::projects(key.child(12)),
            people: People::new(key.child(13), config),
        };
        Ok(Self { plan: Arc::new(plan), epochs: RwLock::new(Arc::from([])) })
    }

    /// The campaign as it stands: a view that later epochs do not touch.
    pub fn moment(&self) -> Moment {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        Moment::new(Arc::clone(&self.plan), Arc::clone(&epochs))
    }

    /// Moves the campaign on by a day in which `permille` of the records change: edits, deletions, new members, new
    /// tasks, new households. Costs nothing; [`Moment::changed_in`] counts what it changed.
    ///
    /// # Errors
    /// [`SandboxError::Permille`] above 1000.
    pub fn advance(&self, permille: u32) -> Result<Advance, SandboxError> {
        if permille > 1_000 {
            return Err(SandboxError::Permille { permille });
        }
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        *epochs = epochs.iter().copied().chain([Epoch { permille }]).collect();
        let number = epochs.len();
        Ok(Advance {
            epoch: number,
            permille,
            since: life::now(number - 1),
            now: life::now(number),
            households_added: slot::added(permille, 0, self.plan.households),
        })
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }
}
