//! The failure of one attempt: the error, and whether a retry can help.

use std::time::Duration;

use fieldcast_model::is_shown;
use serde::Deserialize;

use crate::error::Error;

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) retry: Retry,
}

/// Whether the same request can succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    No,
    Yes,
    /// Yes, after the time that the server requests.
    After(Duration),
    /// Yes, more likely with a smaller request.
    Smaller,
}

impl Failure {
    pub(crate) fn fatal(error: Error) -> Self {
        Self { error, retry: Retry::No }
    }

    pub(crate) fn passing(error: Error) -> Self {
        Self { error, retry: Retry::Yes }
    }

    pub(crate) fn too_much(error: Error) -> Self {
        Self { error, retry: Retry::Smaller }
    }

    /// For a request that cannot be smaller: an answer that is too large will be too large again.
    pub(crate) fn without_smaller(self) -> Self {
        if matches!(self.error, Error::TooLarge { .. }) { Self::fatal(self.error) } else { self }
    }

    /// The failure for an unsuccessful status.
    pub(crate) fn of_status(status: u16, retry_after: Option<Duration>, path: &str, body: &str) -> Self {
        let (code, message) = tracer_error(body).unwrap_or_default();
        match status {
            401 => Self::fatal(Error::SessionExpired),
            403 => Self::fatal(Error::Forbidden),
            404 if code.is_empty() => Self::fatal(Error::NotFound { what: format!("the service {path}") }),
            300..=399 => {
                let message = "the address redirects elsewhere: set the final https:// address".to_owned();
                Self::fatal(Error::Server { status, code, message })
            }
            // Without files, the main branch of DIGIT answers with status 400, the Nigerian branch with an empty list
            // of links.
            _ if code == "PREGEN_NOT_AVAILABLE" => Self::fatal(Error::NotPrepared),
            _ => {
                let retry = match status {
                    408 | 429 | 500.. => retry_after.map_or(Retry::Yes, Retry::After),
                    _ => Retry::No,
                };
                let retry = if matches!(status, 413 | 504) { Retry::Smaller } else { retry };
                Self { error: Error::Server { status, code, message }, retry }
            }
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_builder() {
            return Self::fatal(Error::config("the request cannot be built"));
        }
        let reason = if error.is_timeout() {
            "it took too long"
        } else if error.is_connect() {
            "no connection"
        } else if error.is_body() || error.is_decode() {
            "the connection was interrupted"
        } else {
            "the connection failed"
        };
        // A smaller request does not help if the connection fails.
        let retry = if error.is_timeout() && !error.is_connect() { Retry::Smaller } else { Retry::Yes };
        Self { error: Error::unreachable(describe(reason, &error)), retry }
    }
}

/// Adds the innermost cause. The outer errors of reqwest contain the address, which can have personal data in its
/// query.
fn describe(reason: &str, error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut innermost = None;
    while let Some(error) = cause {
        innermost = Some(error.to_string());
        cause = error.source();
    }
    match innermost {
        Some(cause) => format!("{reason}: {}", one_line(&cause)),
        None => reason.to_owned(),
    }
}

#[derive(Deserialize)]
struct TracerBody {
    #[serde(rename = "Errors")]
    errors: Option<Vec<TracerError>>,
    code: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct TracerError {
    code: Option<String>,
    message: Option<String>,
}

/// Code and message of an eGov error body: `{"Errors":[{"code","message"}]}`, or an object with only these two.
fn tracer_error(body: &str) -> Option<(String, String)> {
    let body: TracerBody = serde_json::from_str(body).ok()?;
    let (code, message) = match body.errors.and_then(|errors| errors.into_iter().next()) {
        Some(first) => (first.code, first.message),
        None => (body.code, body.message),
    };
    Some((one_line(&code.unwrap_or_default()), one_line(&message.unwrap_or_default())))
}

/// One line of at most 200 characters, cut before anything that looks like a quoted body.
fn one_line(text: &str) -> String {
    text.split(['{', '[', '<', '\n']).next().unwrap_or_default().chars().filter(|c| is_shown(*c)).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Failure {
        Failure::of_status(status, None, "/p", body)
    }

    #[test]
    fn reads_server_errors_without_quoting_bodies() {
        let failure = of(
            500,
            r#"{"ResponseInfo":null,"Errors":[{"code":"JSONPATH_ERROR","message":"bad: {\"name\":\"Asha\"}"}]}"#,
        );
        assert_eq!(
            failure.error,
            Error::Server { status: 500, code: "JSONPATH_ERROR".into(), message: "bad: ".into() }
        );
        assert_eq!(failure.retry, Retry::Yes);
    }

    #[test]
    fn decides_retry_by_status() {
        assert_eq!(of(400, "").retry, Retry::No);
        assert_eq!((of(401, "").error, of(401, "").retry), (Error::SessionExpired, Retry::No));
        assert_eq!(of(403, "").error, Error::Forbidden);
        assert!(matches!(of(404, "").error, Error::NotFound { .. }));
        assert_eq!(of(504, "").retry, Retry::Smaller);
        assert_eq!(of(302, "").retry, Retry::No);
        assert_eq!(of(400, r#"{"Errors":[{"code":"PREGEN_NOT_AVAILABLE"}]}"#).error, Error::NotPrepared);
        let busy = Failure::of_status(503, Some(Duration::from_secs(10)), "/p", r#"{"code":"SERVICE_INITIALIZING"}"#);
        assert_eq!(busy.retry, Retry::After(Duration::from_secs(10)));
    }
}
