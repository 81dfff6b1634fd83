//! One attempt's failure: the error, and whether trying again can help.

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
    /// Yes, and the server says when.
    After(Duration),
    /// Yes, rather if it asks for less.
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

    /// Of a request that cannot ask for less: an answer that is too large is so again.
    pub(crate) fn without_smaller(self) -> Self {
        if matches!(self.error, Error::TooLarge { .. }) { Self::fatal(self.error) } else { self }
    }

    /// What a status that is not a success means.
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
            // Without files the main branch answers 400, the Nigerian one an empty list of links.
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
            "the connection broke off"
        } else {
            "the connection failed"
        };
        // A connection that cannot be made is not made easier by asking for less.
        let retry = if error.is_timeout() && !error.is_connect() { Retry::Smaller } else { Retry::Yes };
        Self { error: Error::unreachable(describe(reason, &error)), retry }
    }
}

/// Adds the innermost cause; reqwest's own layers print the address, which may hold personal query values.
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

/// Code and message of an eGov error body: `{"Errors":[{"code","message"}]}`, or the two alone.
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
    fn tracer_errors_are_read_and_bodies_in_them_are_not_repeated() {
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
    fn a_status_decides_whether_trying_again_can_help() {
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
