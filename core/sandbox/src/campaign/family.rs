//! The rows of one family, and how to visit them.

use crate::entity::{Beneficiary, Checklist, Household, HouseholdMember, Individual, Referral, SideEffect, Task};
use crate::row::EntityRow;

/// All rows of one family in one project.
#[derive(Debug)]
pub(crate) struct Family<'a> {
    pub(crate) household: Household<'a>,
    pub(crate) members: Vec<HouseholdMember<'a>>,
    pub(crate) individuals: Vec<Individual<'a>>,
    pub(crate) beneficiaries: Vec<Beneficiary<'a>>,
    pub(crate) tasks: Vec<Task<'a>>,
    pub(crate) side_effects: Vec<SideEffect<'a>>,
    pub(crate) referrals: Vec<Referral<'a>>,
    pub(crate) services: Vec<Checklist<'a>>,
}

/// A visitor for rows of every kind.
pub(crate) trait Visit {
    /// Visits one row.
    fn row<R: EntityRow>(&mut self, row: &R);
}

impl Family<'_> {
    /// Passes every row to `visit`, parents first.
    pub(crate) fn each_row(&self, visit: &mut impl Visit) {
        visit.row(&self.household);
        self.members.iter().for_each(|row| visit.row(row));
        self.individuals.iter().for_each(|row| visit.row(row));
        self.beneficiaries.iter().for_each(|row| visit.row(row));
        self.tasks.iter().for_each(|row| visit.row(row));
        self.side_effects.iter().for_each(|row| visit.row(row));
        self.referrals.iter().for_each(|row| visit.row(row));
        self.services.iter().for_each(|row| visit.row(row));
    }
}
