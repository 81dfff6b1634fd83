//! The campaign: places, families and deliveries. All data is generated from the seed on demand.

mod delivery;
mod family;
mod hf_referral;
mod home;
mod household;
mod life;
mod moment;
mod names;
mod people;
mod person;
mod places;
mod plan;
mod record;
mod records;
mod registration;
mod slot;

use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

pub use self::moment::Moment;
pub use self::people::{BeneficiaryKind, CampaignProject};
pub use self::places::{CampaignBoundary, Leaf};
pub use self::record::CampaignRecord;

pub(crate) use self::family::{Family, Visit};

use self::life::Epoch;
use self::people::People;
use self::places::Places;
use self::plan::CampaignPlan;
use crate::config::SandboxConfig;
use crate::error::SandboxError;
use crate::key::SeedKey;

/// A campaign that can advance. Share it in an `Arc`.
#[derive(Debug)]
pub struct SandboxCampaign {
    plan: Arc<CampaignPlan>,
    epochs: RwLock<Arc<[Epoch]>>,
}

/// The result of one `advance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advance {
    /// The number of the new epoch, from 1.
    pub epoch: usize,
    /// The requested share of records that changed or were added, in per mille.
    pub permille: u32,
    /// Campaign clock before the epoch, ms. Every change of the epoch is later.
    pub since: i64,
    /// Campaign clock after the epoch, ms. No change is later.
    pub now: i64,
    /// Households registered in this epoch.
    pub households_added: u64,
}

impl SandboxCampaign {
    /// Creates the boundaries, but no family. Needs a few hundred bytes per boundary.
    ///
    /// # Errors
    /// [`SandboxError::Config`] if a setting is invalid.
    pub fn new(config: &SandboxConfig) -> Result<Self, SandboxError> {
        config.check()?;
        let key = SeedKey::root(config.seed);
        let plan = CampaignPlan {
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

    /// Returns the current state of the campaign. Later epochs do not change it.
    pub fn moment(&self) -> Moment {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        Moment::new(Arc::clone(&self.plan), Arc::clone(&epochs))
    }

    /// Advances the campaign by one day in which `permille` of the records change: edits, deletions, new members, new
    /// tasks, new households. Generates no data; [`Moment::changed_in`] counts the changes.
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
            households_added: Epoch { permille }.added(0, self.plan.households),
        })
    }

    pub(crate) fn plan(&self) -> &CampaignPlan {
        &self.plan
    }
}
