//! The criteria of a page request, and the check that an answer matches them.

use fieldcast_model::Dataset;
use serde_json::{Value, json};

use crate::members::Members;

/// The criteria of one request: the boundary, the project and the range of households.
#[derive(Clone, Debug)]
pub(crate) struct Criteria {
    pub(crate) tenant: String,
    pub(crate) project: String,
    pub(crate) locality: String,
    pub(crate) offset: u64,
    pub(crate) limit: u32,
}

impl Criteria {
    /// `None` for a dataset without a boundary: DIGIT has no request for it.
    pub(crate) fn new(dataset: Dataset) -> Option<Self> {
        let Dataset { tenant, project, boundary } = dataset;
        Some(Self { tenant, project, locality: boundary?, offset: 0, limit: 0 })
    }

    /// Everything is in the body, because the server ignores the query string, including the app's `includeDeleted`.
    pub(crate) fn body(&self) -> Value {
        json!({
            "locality": self.locality,
            "tenantId": self.tenant,
            "projectId": self.project,
            "offset": self.offset,
            "limit": self.limit,
            "includeDeleted": true,
        })
    }

    /// Whether the criteria in the server's answer are these criteria. Caches of some deployments identify a page only
    /// by locality, offset and limit, and return the page of another project or of a request with another
    /// `lastSyncedTime`.
    pub(crate) fn match_echo(&self, echo: &Members<'_>) -> bool {
        let same = |path: &str, ours: &str| echo.text(path).is_none_or(|theirs| theirs == ours);
        same("locality", &self.locality)
            && same("tenantId", &self.tenant)
            && same("projectId", &self.project)
            && same("offset", &self.offset.to_string())
            && echo.flag("includeDeleted").is_none_or(|included| included)
            && echo.integer("lastSyncedTime").is_none_or(|since| since == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects_page_for_other_criteria() {
        let dataset = Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("v".into()) };
        let ours = Criteria { offset: 100, limit: 50, ..Criteria::new(dataset).unwrap() };
        let matches = |echo: &str| ours.match_echo(&Members::parse(echo).unwrap());
        assert!(matches(&ours.body().to_string()));
        assert!(matches(r#"{"locality":"v","lastSyncedTime":null,"limit":50,"totalCount":7}"#));
        for theirs in [
            r#"{"locality":"w"}"#,
            r#"{"tenantId":"ng"}"#,
            r#"{"projectId":"q"}"#,
            r#"{"offset":0}"#,
            r#"{"includeDeleted":false}"#,
            r#"{"lastSyncedTime":1756000000000}"#,
        ] {
            assert!(!matches(theirs), "{theirs}");
        }
    }
}
