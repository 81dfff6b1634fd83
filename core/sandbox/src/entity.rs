//! The DIGIT entities in the JSON form of the server's models: every field is present, and unset fields are null.
//!
//! Names and nesting follow `health-services-models`. Fields that no deployment fills have the type [`Null`].

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::uuid::Uuid;

/// A field that the server always sends and that the generated data never fills.
pub(crate) type Null = ();

/// Who changed a record, and when. Times in ms: the server's clock in `auditDetails`, the phone's in
/// `clientAuditDetails`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Audit {
    pub(crate) created_by: Uuid,
    pub(crate) last_modified_by: Uuid,
    pub(crate) created_time: i64,
    pub(crate) last_modified_time: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct AdditionalFields<'a> {
    pub(crate) schema: &'static str,
    pub(crate) version: u32,
    pub(crate) fields: Vec<Field<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Field<'a> {
    pub(crate) key: &'static str,
    pub(crate) value: Cow<'a, str>,
}

impl<'a> Field<'a> {
    pub(crate) fn new(key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        Self { key, value: value.into() }
    }
}

/// `EgovOfflineModel` and the deleted flag: the first fields of every entity except the checklist.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Base<'a> {
    pub(crate) id: String,
    pub(crate) tenant_id: &'a str,
    pub(crate) source: Null,
    pub(crate) row_version: u32,
    pub(crate) application_id: Null,
    pub(crate) has_errors: bool,
    pub(crate) additional_fields: Option<AdditionalFields<'a>>,
    pub(crate) audit_details: Option<Audit>,
    pub(crate) client_reference_id: Uuid,
    pub(crate) client_audit_details: Option<Audit>,
    pub(crate) is_deleted: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Locality<'a> {
    pub(crate) id: Null,
    pub(crate) tenant_id: Null,
    pub(crate) code: &'a str,
    pub(crate) geometry: Null,
    pub(crate) audit_details: Null,
    pub(crate) additional_details: Null,
}

impl<'a> Locality<'a> {
    pub(crate) fn of(code: &'a str) -> Self {
        Self { id: (), tenant_id: (), code, geometry: (), audit_details: (), additional_details: () }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address<'a> {
    pub(crate) id: Uuid,
    pub(crate) client_reference_id: Uuid,
    pub(crate) tenant_id: &'a str,
    pub(crate) door_no: Null,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) location_accuracy: f64,
    pub(crate) r#type: &'static str,
    pub(crate) address_line1: Option<&'static str>,
    pub(crate) address_line2: Null,
    pub(crate) landmark: Option<&'static str>,
    pub(crate) city: Null,
    pub(crate) pincode: Null,
    pub(crate) building_name: Null,
    pub(crate) street: Null,
    pub(crate) locality: Locality<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Household<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) member_count: u64,
    pub(crate) address: Address<'a>,
    pub(crate) household_type: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HouseholdMember<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) household_id: String,
    pub(crate) household_client_reference_id: Uuid,
    pub(crate) individual_id: Uuid,
    pub(crate) individual_client_reference_id: Uuid,
    pub(crate) is_head_of_household: bool,
    pub(crate) member_relationships: [Null; 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Name {
    pub(crate) given_name: &'static str,
    pub(crate) family_name: &'static str,
    pub(crate) other_names: Null,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identifier {
    pub(crate) id: Uuid,
    pub(crate) client_reference_id: Option<Uuid>,
    pub(crate) individual_id: Null,
    pub(crate) individual_client_reference_id: Uuid,
    pub(crate) identifier_type: &'static str,
    pub(crate) identifier_id: String,
    pub(crate) is_deleted: bool,
    pub(crate) audit_details: Null,
}

/// An individual's address: the household's address plus fields that only this model has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HomeAddress<'a> {
    #[serde(flatten)]
    pub(crate) address: Address<'a>,
    pub(crate) individual_id: Null,
    pub(crate) ward: Null,
    pub(crate) is_deleted: bool,
    pub(crate) audit_details: Null,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Individual<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) individual_id: String,
    pub(crate) user_id: Null,
    pub(crate) user_uuid: Null,
    pub(crate) name: Name,
    pub(crate) date_of_birth: String,
    pub(crate) gender: &'static str,
    pub(crate) blood_group: Null,
    pub(crate) mobile_number: Option<String>,
    pub(crate) alt_contact_number: Null,
    pub(crate) email: Null,
    pub(crate) address: Vec<HomeAddress<'a>>,
    pub(crate) father_name: Null,
    pub(crate) husband_name: Null,
    pub(crate) relationship: Null,
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) skills: [Null; 0],
    pub(crate) photo: Null,
    pub(crate) is_system_user: bool,
    pub(crate) is_system_user_active: bool,
    pub(crate) user_details: Null,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Beneficiary<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) project_id: &'a str,
    pub(crate) beneficiary_id: String,
    pub(crate) date_of_registration: i64,
    pub(crate) beneficiary_client_reference_id: Uuid,
    pub(crate) tag: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskResource<'a> {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: &'a str,
    pub(crate) client_reference_id: Uuid,
    pub(crate) task_id: String,
    pub(crate) product_variant_id: &'static str,
    pub(crate) quantity: f64,
    pub(crate) is_delivered: bool,
    pub(crate) delivery_comment: Option<&'static str>,
    pub(crate) is_deleted: bool,
    pub(crate) audit_details: Option<Audit>,
    pub(crate) additional_fields: Null,
}

/// A task's address: the household's address plus fields that only this model has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryAddress<'a> {
    #[serde(flatten)]
    pub(crate) address: Address<'a>,
    pub(crate) boundary_type: Null,
    pub(crate) boundary: Null,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) project_id: &'a str,
    pub(crate) project_beneficiary_id: String,
    pub(crate) project_beneficiary_client_reference_id: Uuid,
    pub(crate) resources: Vec<TaskResource<'a>>,
    pub(crate) planned_start_date: Null,
    pub(crate) planned_end_date: Null,
    pub(crate) actual_start_date: i64,
    pub(crate) actual_end_date: i64,
    pub(crate) created_by: Uuid,
    pub(crate) created_date: i64,
    pub(crate) address: DeliveryAddress<'a>,
    pub(crate) status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SideEffect<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) task_id: String,
    pub(crate) task_client_reference_id: Uuid,
    pub(crate) project_beneficiary_id: Null,
    pub(crate) project_beneficiary_client_reference_id: Uuid,
    pub(crate) symptoms: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referral<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) project_id: &'a str,
    pub(crate) project_beneficiary_id: String,
    pub(crate) project_beneficiary_client_reference_id: Uuid,
    pub(crate) referrer_id: Uuid,
    pub(crate) recipient_type: &'static str,
    pub(crate) recipient_id: String,
    pub(crate) reasons: Vec<&'static str>,
    pub(crate) referral_code: Option<String>,
    pub(crate) side_effect: Option<SideEffect<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HfReferral<'a> {
    #[serde(flatten)]
    pub(crate) base: Base<'a>,
    pub(crate) project_id: &'a str,
    pub(crate) project_facility_id: String,
    pub(crate) symptom: &'static str,
    pub(crate) symptom_survey_id: Null,
    pub(crate) beneficiary_id: Option<String>,
    pub(crate) referral_code: Option<String>,
    pub(crate) national_level_id: Null,
    /// A column that exists on the server but not in its JSON. Pre-generated files are divided by it.
    #[serde(skip)]
    pub(crate) leaf: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceAttribute {
    pub(crate) id: Uuid,
    pub(crate) client_reference_id: Uuid,
    pub(crate) reference_id: Uuid,
    pub(crate) service_client_reference_id: Uuid,
    pub(crate) attribute_code: &'static str,
    pub(crate) value: ChecklistAnswer,
    pub(crate) audit_details: Option<Audit>,
    pub(crate) additional_fields: Null,
}

/// A checklist answer; its type in the model is only `Object`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ChecklistAnswer {
    Text(&'static str),
    Number(u64),
}

impl Serialize for ChecklistAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
        }
    }
}

/// A completed checklist, called `Service` in DIGIT: the only entity without version and deleted flag.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checklist<'a> {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: &'a str,
    pub(crate) service_def_id: Uuid,
    pub(crate) reference_id: Uuid,
    pub(crate) attributes: Vec<ServiceAttribute>,
    pub(crate) audit_details: Option<Audit>,
    pub(crate) additional_fields: ServiceFields<'a>,
    pub(crate) account_id: &'a str,
    pub(crate) client_id: Uuid,
}

/// The free-form object in which a checklist stores its place.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceFields<'a> {
    pub(crate) boundary_code: &'a str,
    pub(crate) lat: f64,
    pub(crate) lng: f64,
}
