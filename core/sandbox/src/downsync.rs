//! One page of a downsync. It is built like on the real server, including the server's design faults.

use std::collections::HashSet;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::campaign::{CampaignProject, Family, Moment};
use crate::entity::HfReferral;
use crate::row::EntityRow;
use crate::uuid::Uuid;

/// The request criteria. The response repeats them with the count filled in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownsyncCriteria {
    pub(crate) locality: String,
    pub(crate) tenant_id: String,
    pub(crate) project_id: String,
    #[serde(default)]
    pub(crate) offset: u64,
    #[serde(default = "default_limit")]
    pub(crate) limit: u64,
    #[serde(default)]
    pub(crate) last_synced_time: Option<i64>,
    #[serde(default)]
    pub(crate) include_deleted: bool,
    #[serde(default)]
    pub(crate) total_count: Option<u64>,
    #[serde(default)]
    pub(crate) household_id: Option<String>,
}

fn default_limit() -> u64 {
    50
}

/// Deliberate errors in a page.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Twist {
    /// One extra row, taken from the previous page.
    pub(crate) overlap: bool,
    /// Added to the offset.
    pub(crate) shift: i64,
    /// Added to the count.
    pub(crate) count_by: i64,
    /// Send no lists.
    pub(crate) null_lists: bool,
}

/// The `Downsync` object of a response.
pub(crate) struct DownsyncPage<'a> {
    families: Vec<Family<'a>>,
    hf_referrals: Vec<HfReferral<'a>>,
    services: bool,
    null_lists: bool,
    criteria: DownsyncCriteria,
}

impl<'a> DownsyncPage<'a> {
    /// Generates the page. `scope` selects the project whose beneficiaries are listed; a root project has none.
    pub(crate) fn draw(
        moment: &'a Moment,
        project: &'a CampaignProject,
        leaf: Option<usize>,
        mut criteria: DownsyncCriteria,
        twist: Twist,
    ) -> Self {
        let (rows, total) = leaf.map_or((Vec::new(), 0), |leaf| select(moment, leaf, &criteria, twist));
        let families = rows.into_iter().filter_map(|n| {
            let mut family = moment.family(project, leaf?, n);
            cascade(&mut family, &criteria);
            Some(family)
        });
        let mut families: Vec<_> = families.collect();
        if criteria.project_id != project.id {
            families.iter_mut().for_each(registry_only);
        }
        let mut hf_referrals = moment.hf_rows(project);
        hf_referrals.retain(|row| passes(row, &criteria) && criteria.project_id == project.id);
        criteria.total_count = Some(total.saturating_add_signed(twist.count_by));
        let services = moment.plan().services;
        Self { families, hf_referrals, services, null_lists: twist.null_lists, criteria }
    }
}

/// Returns the household numbers of the page, and the total number of matching households.
fn select(moment: &Moment, leaf: usize, criteria: &DownsyncCriteria, twist: Twist) -> (Vec<u64>, u64) {
    let all = moment.total(leaf);
    let overlap = u64::from(twist.overlap && criteria.offset > 0);
    let start = (criteria.offset - overlap).saturating_add_signed(twist.shift);
    let count = if criteria.limit == 0 { 0 } else { criteria.limit.saturating_add(overlap) };
    if criteria.include_deleted && criteria.last_synced_time.is_none() {
        let end = start.saturating_add(count).min(all);
        return ((start.min(end)..end).collect(), all);
    }
    let matches = |n: &u64| {
        let (deleted, modified) = moment.household_state(leaf, *n);
        visible(deleted, modified, criteria)
    };
    let (mut rows, mut total) = (Vec::new(), 0);
    for n in (0..all).filter(matches) {
        if (start..start.saturating_add(count)).contains(&total) {
            rows.push(n);
        }
        total += 1;
    }
    (rows, total)
}

fn visible(deleted: bool, modified: Option<i64>, criteria: &DownsyncCriteria) -> bool {
    let recent = criteria.last_synced_time.is_none_or(|since| modified.is_some_and(|modified| modified >= since));
    recent && (criteria.include_deleted || !deleted)
}

fn passes(row: &impl EntityRow, criteria: &DownsyncCriteria) -> bool {
    visible(row.deleted(), row.modified(), criteria)
}

/// Drops the rows that the server's chain of searches would not find: rows that do not match, and all rows that are
/// looked up by a dropped row. For this reason an incremental downsync misses a new task of an unchanged household.
/// Rows whose parent never existed stay.
fn cascade(family: &mut Family<'_>, criteria: &DownsyncCriteria) {
    let mut gone = HashSet::new();
    let hidden: Vec<_> = family.members.iter().filter(|row| !passes(*row, criteria)).collect();
    gone.extend(hidden.iter().map(|row| row.individual_client_reference_id));
    keep(&mut family.members, criteria, &mut gone);
    family.individuals.retain(|row| keeps(row, criteria, &mut gone, Some(row.reference())));
    // If a member's individual was dropped, so are the rows that are looked up by that reference.
    keep(&mut family.beneficiaries, criteria, &mut gone);
    keep(&mut family.tasks, criteria, &mut gone);
    keep(&mut family.side_effects, criteria, &mut gone);
    keep(&mut family.referrals, criteria, &mut gone);
    let without_time = DownsyncCriteria { last_synced_time: None, ..criteria.clone() };
    keep(&mut family.services, &without_time, &mut gone);
}

fn keep<R: EntityRow>(rows: &mut Vec<R>, criteria: &DownsyncCriteria, gone: &mut HashSet<Uuid>) {
    rows.retain(|row| keeps(row, criteria, gone, row.parent()));
}

fn keeps<R: EntityRow>(row: &R, criteria: &DownsyncCriteria, gone: &mut HashSet<Uuid>, needs: Option<Uuid>) -> bool {
    let kept = passes(row, criteria) && needs.is_none_or(|parent| !gone.contains(&parent));
    if !kept {
        gone.insert(row.reference());
    }
    kept
}

/// Keeps only the rows that the registry shares among projects.
fn registry_only(family: &mut Family<'_>) {
    family.beneficiaries.clear();
    family.tasks.clear();
    family.side_effects.clear();
    family.referrals.clear();
}

impl Serialize for DownsyncPage<'_> {
    /// Keys in the order of the server's model, the criteria last. A list that was not searched is null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let some = |test: fn(&Family<'_>) -> bool| !self.null_lists && self.families.iter().any(test);
        let members = some(|_| true);
        let individuals = members && some(|family| !family.members.is_empty());
        let beneficiaries = individuals && some(|family| !family.individuals.is_empty());
        let tasks = beneficiaries && some(|family| !family.beneficiaries.is_empty() || !family.tasks.is_empty());
        let side_effects = tasks && some(|family| !family.tasks.is_empty());
        let mut page = serializer.serialize_struct("Downsync", 10)?;
        page.serialize_field("Households", &self.households())?;
        page.serialize_field("HouseholdMembers", &self.rows(members, |family| &family.members))?;
        page.serialize_field("Individuals", &self.rows(individuals, |family| &family.individuals))?;
        page.serialize_field("ProjectBeneficiaries", &self.rows(beneficiaries, |family| &family.beneficiaries))?;
        page.serialize_field("Tasks", &self.rows(tasks, |family| &family.tasks))?;
        page.serialize_field("SideEffects", &self.rows(side_effects, |family| &family.side_effects))?;
        page.serialize_field("Referrals", &self.rows(tasks, |family| &family.referrals))?;
        page.serialize_field("HFReferrals", &(!self.null_lists).then_some(&self.hf_referrals))?;
        page.serialize_field("Services", &self.rows(self.services && members, |family| &family.services))?;
        page.serialize_field("DownsyncCriteria", &self.criteria)?;
        page.end()
    }
}

impl<'a> DownsyncPage<'a> {
    fn households(&self) -> Option<FamilyRows<'_, 'a, crate::entity::Household<'a>>> {
        self.rows(!self.null_lists, |family| std::slice::from_ref(&family.household))
    }

    fn rows<T>(&self, searched: bool, list: for<'f> fn(&'f Family<'a>) -> &'f [T]) -> Option<FamilyRows<'_, 'a, T>> {
        searched.then_some(FamilyRows { families: &self.families, list })
    }
}

/// One list of all families of a page, serialized without an intermediate list.
struct FamilyRows<'p, 'a, T> {
    families: &'p [Family<'a>],
    list: for<'f> fn(&'f Family<'a>) -> &'f [T],
}

impl<T: Serialize> Serialize for FamilyRows<'_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.families.iter().flat_map(|family| (self.list)(family)))
    }
}
