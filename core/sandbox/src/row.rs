//! The common interface of all entities, for filters and lists.

use serde::Serialize;

use crate::entity::{
    Audit, Base, Beneficiary, Checklist, HfReferral, Household, HouseholdMember, Individual, Referral, SideEffect, Task,
};
use crate::uuid::Uuid;

/// One row of any entity.
pub(crate) trait EntityRow: Serialize {
    /// The entity's key in a downsync response.
    const LIST: &'static str;
    /// The name of one entity in that list.
    const NAME: &'static str;
    /// The entity's `_t` in a pre-generated file; `None` if no file contains it.
    const TAG: Option<&'static str>;

    fn reference(&self) -> Uuid;
    fn deleted(&self) -> bool;
    fn version(&self) -> Option<u32>;
    fn audit(&self) -> Option<&Audit>;
    /// The row that the server searches by. If that row is missing, this one is not found.
    fn parent(&self) -> Option<Uuid>;

    /// Server time of the last change, ms.
    fn modified(&self) -> Option<i64> {
        self.audit().map(|audit| audit.last_modified_time)
    }
}

macro_rules! row {
    ($type:ident, $list:literal, $name:literal, $tag:literal, |$row:ident| $parent:expr) => {
        impl EntityRow for $type<'_> {
            const LIST: &'static str = $list;
            const NAME: &'static str = $name;
            const TAG: Option<&'static str> = Some($tag);

            fn reference(&self) -> Uuid {
                self.base.client_reference_id
            }
            fn deleted(&self) -> bool {
                self.base.is_deleted
            }
            fn version(&self) -> Option<u32> {
                let Base { row_version, .. } = &self.base;
                Some(*row_version)
            }
            fn audit(&self) -> Option<&Audit> {
                self.base.audit_details.as_ref()
            }
            fn parent(&self) -> Option<Uuid> {
                let $row = self;
                $parent
            }
        }
    };
}

row!(Household, "Households", "Household", "HOUSEHOLD", |_row| None);
row!(HouseholdMember, "HouseholdMembers", "HouseholdMember", "HOUSEHOLD_MEMBER", |row| Some(
    row.household_client_reference_id
));
row!(Individual, "Individuals", "Individual", "INDIVIDUAL", |_row| None);
row!(Beneficiary, "ProjectBeneficiaries", "ProjectBeneficiary", "PROJECT_BENEFICIARY", |row| Some(
    row.beneficiary_client_reference_id
));
row!(Task, "Tasks", "Task", "PROJECT_TASK", |row| Some(row.project_beneficiary_client_reference_id));
row!(SideEffect, "SideEffects", "SideEffect", "SIDE_EFFECT", |row| Some(row.task_client_reference_id));
row!(Referral, "Referrals", "Referral", "REFERRAL", |row| Some(row.project_beneficiary_client_reference_id));
row!(HfReferral, "HFReferrals", "HFReferral", "HF_REFERRAL", |_row| None);

impl EntityRow for Checklist<'_> {
    const LIST: &'static str = "Services";
    const NAME: &'static str = "Service";
    const TAG: Option<&'static str> = None;

    fn reference(&self) -> Uuid {
        self.client_id
    }
    fn deleted(&self) -> bool {
        false
    }
    fn version(&self) -> Option<u32> {
        None
    }
    fn audit(&self) -> Option<&Audit> {
        self.audit_details.as_ref()
    }
    fn parent(&self) -> Option<Uuid> {
        Some(self.reference_id)
    }
}
