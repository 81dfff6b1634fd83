//! What a page is asked for, and whether the answer is to that.

use fieldcast_model::Dataset;
use serde_json::{Value, json};

use crate::members::Members;

/// One request's criteria: which boundary of which project, and which households of it.
#[derive(Clone, Debug)]
pub(crate) struct Criteria {
    pub(crate) tenant: String,
    pub(crate) project: String,
    pub(crate) locality: String,
    pub(crate) offset: u64,
    pub(crate) limit: u32,
}

impl Criteria {
    /// `None` for a dataset without a boundary: DIGIT has no request for one.
    pub(crate) fn new(dataset: Dataset) -> Option<Self> {
        let Dataset { tenant, project, boundary } = dataset;
        Some(Self { tenant, project, locality: boundary?, offset: 0, limit: 0 })
    }

    /// In the body: the server ignores its query string, and with it the app's `includeDeleted`.
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

    /// Whether the criteria the server says it answered are these. Caches in front of some deployments know a page by
    /// locality, offset and limit alone, and serve another project's, or one asked for since some time.
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
    fn another_ones_page_is_told_by_its_criteria() {
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
