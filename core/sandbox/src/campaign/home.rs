//! Where a family lives, and the other values that its rows share.

use super::life::{Birth, Life};
use super::moment::Moment;
use super::names;
use super::people::CampaignProject;
use super::places::Leaf;
use super::slot::HouseholdSeed;
use crate::entity::{Address, Locality};
use crate::key::SeedKey;
use crate::uuid::Uuid;

/// The child key of the household for the values of its home.
pub(super) const HOME: u64 = 33;

/// The values that all rows of a family share while they are generated.
pub(super) struct Home<'a> {
    pub(super) moment: &'a Moment,
    pub(super) project: &'a CampaignProject,
    pub(super) key: SeedKey,
    pub(super) birth: Birth,
    pub(super) id: String,
    pub(super) leaf: &'a Leaf,
    pub(super) surname: &'static str,
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    landmark: Option<&'static str>,
}

impl<'a> Home<'a> {
    pub(super) fn draw(moment: &'a Moment, project: &'a CampaignProject, leaf: &'a Leaf, slot: &HouseholdSeed) -> Self {
        let mut rng = slot.key.child(HOME).rng();
        Self {
            moment,
            project,
            key: slot.key,
            birth: slot.birth,
            id: slot.id.clone(),
            leaf,
            surname: rng.pick(names::FAMILIES),
            // About 1.5 km around the middle of the village, with 7 decimals like a phone.
            latitude: round(leaf.latitude + rng.around() * 0.014),
            longitude: round(leaf.longitude + rng.around() * 0.014),
            landmark: rng.chance(3, 5).then(|| rng.pick(names::LANDMARKS)),
        }
    }

    /// The family's address, with its own row id.
    pub(super) fn address(&self, key: SeedKey, line: Option<&'static str>) -> Address<'a> {
        let mut rng = key.rng();
        Address {
            id: key.uuid(),
            client_reference_id: key.child(1).uuid(),
            tenant_id: &self.moment.plan().tenant,
            door_no: (),
            latitude: self.latitude,
            longitude: self.longitude,
            location_accuracy: (300 + rng.below(2_000)) as f64 / 100.0,
            r#type: "PERMANENT",
            address_line1: line,
            address_line2: (),
            landmark: self.landmark,
            city: (),
            pincode: (),
            building_name: (),
            street: (),
            locality: Locality::of(&self.leaf.code),
        }
    }

    pub(super) fn reference(&self) -> Uuid {
        self.key.uuid()
    }

    pub(super) fn life(&self, key: SeedKey, birth: Birth) -> Life {
        self.moment.life(key, birth)
    }

    pub(super) fn tenant(&self) -> &'a str {
        &self.moment.plan().tenant
    }

    pub(super) fn worker(&self, draw: u64) -> Uuid {
        self.moment.plan().people.worker(draw)
    }
}

fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
