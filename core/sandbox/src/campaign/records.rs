//! The records of the campaign at one point in time, generated on demand.

use super::family::Family;
use super::life::now;
use super::moment::Moment;
use super::people::CampaignProject;
use super::record::{self, CampaignRecord};
use super::slot::HouseholdSeed;
use super::{hf_referral, household};
use crate::entity::HfReferral;
use crate::error::SandboxError;
use crate::row::EntityRow;

impl Moment {
    /// Returns every record of a boundary in a project, deleted ones included, family by family in the server's order.
    /// The iterator generates records on demand. HF referrals are separate, see [`Self::hf_referrals`].
    ///
    /// # Errors
    /// [`SandboxError::UnknownBoundary`], [`SandboxError::UnknownProject`].
    pub fn records(
        &self,
        project: &str,
        boundary: &str,
    ) -> Result<impl Iterator<Item = CampaignRecord> + '_, SandboxError> {
        let (project, leaf) = (self.project(project)?, self.leaf(boundary)?);
        Ok((0..self.total(leaf)).flat_map(move |n| record::list(&self.family(project, leaf, n))))
    }

    /// Returns the HF referrals of a project. Every page of the project repeats them.
    ///
    /// # Errors
    /// [`SandboxError::UnknownProject`].
    pub fn hf_referrals(&self, project: &str) -> Result<Vec<CampaignRecord>, SandboxError> {
        Ok(self.hf_rows(self.project(project)?).iter().map(CampaignRecord::of).collect())
    }

    /// Counts the records of a project that epoch `number` (from 1) changed or added and that no later epoch changed.
    /// Generates every family.
    ///
    /// # Errors
    /// [`SandboxError::UnknownProject`].
    pub fn changed_in(&self, project: &str, number: usize) -> Result<u64, SandboxError> {
        let project = self.project(project)?;
        let window = now(number.saturating_sub(1))..now(number);
        let within = |modified: Option<i64>| modified.is_some_and(|modified| window.contains(&modified));
        let mut changed = self.hf_rows(project).iter().filter(|row| within(row.modified())).count() as u64;
        for leaf in 0..self.leaves().len() {
            for n in 0..self.total(leaf) {
                changed += record::count(&self.family(project, leaf, n), &within);
            }
        }
        Ok(changed)
    }

    /// Generates household `n` of the leaf with all its records. `n` must be below [`Self::total`].
    pub(crate) fn family<'a>(&'a self, project: &'a CampaignProject, leaf: usize, n: u64) -> Family<'a> {
        household::draw(self, project, leaf, &HouseholdSeed::of(self, leaf, n))
    }

    /// Returns whether household `n` is deleted and when it last changed. Filters need no more, so no family is
    /// generated.
    pub(crate) fn household_state(&self, leaf: usize, n: u64) -> (bool, Option<i64>) {
        let slot = HouseholdSeed::of(self, leaf, n);
        let life = self.life(slot.key, slot.birth);
        (life.deleted, life.audited.then_some(life.modified))
    }

    /// The HF referrals of the project.
    pub(crate) fn hf_rows<'a>(&'a self, project: &'a CampaignProject) -> Vec<HfReferral<'a>> {
        hf_referral::draw(self, project)
    }
}
