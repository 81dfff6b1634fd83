//! Request and response envelopes: `RequestInfo`, `ResponseInfo`, tracer errors.

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ServerState;

/// The header object of every response. `ts` is the campaign clock, so that responses are reproducible.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResponseInfo {
    api_id: &'static str,
    ver: &'static str,
    ts: i64,
    res_msg_id: &'static str,
    msg_id: Option<&'static str>,
    status: &'static str,
}

impl ResponseInfo {
    pub(super) fn at(ts: i64) -> Self {
        Self { api_id: "hcm", ver: ".01", ts, res_msg_id: "uief87324", msg_id: None, status: "successful" }
    }
}

/// An error in the format of eGov's tracer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    pub(super) fn bad_token() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "InvalidAccessTokenException",
            message: "Invalid access token; log in again".into(),
        }
    }

    pub(super) fn server_error() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "UNHANDLED_EXCEPTION",
            message: "An unhandled exception occurred on the server".into(),
        }
    }
}

#[derive(Serialize)]
struct ErrorResponse<'a> {
    #[serde(rename = "ResponseInfo")]
    info: (),
    #[serde(rename = "Errors")]
    errors: [ErrorItem<'a>; 1],
}

#[derive(Serialize)]
struct ErrorItem<'a> {
    code: &'static str,
    message: &'a str,
    description: (),
    params: (),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = ErrorItem { code: self.code, message: &self.message, description: (), params: () };
        json(self.status, &ErrorResponse { info: (), errors: [error] })
    }
}

/// Makes a JSON response from `body`.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(rename = "RequestInfo", alias = "requestInfo", default)]
    info: Option<RequestInfo>,
    #[serde(flatten)]
    rest: T,
}

/// The part of `RequestInfo` that the sandbox reads. The token is in the body, not in a header.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestInfo {
    auth_token: Option<String>,
}

/// An authenticated caller.
pub(super) struct Caller {
    /// The token from the request.
    pub(super) token: String,
}

impl ServerState {
    /// Parses a body whose `RequestInfo` contains a valid token. Like the gateway, it checks the token first.
    pub(super) fn authorised<T: DeserializeOwned>(&self, body: &Bytes) -> Result<(Caller, T), Refusal> {
        let info: Envelope<serde::de::IgnoredAny> = parse(body)?;
        let token = info.info.and_then(|info| info.auth_token).unwrap_or_default();
        if !self.tokens.holds(&token) {
            return Err(Refusal::bad_token());
        }
        let envelope: Envelope<T> = parse(body)?;
        Ok((Caller { token }, envelope.rest))
    }

    pub(super) fn info(&self) -> ResponseInfo {
        ResponseInfo::at(self.campaign.moment().now())
    }
}

/// Parses a JSON body.
pub(super) fn parse<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Refusal> {
    // serde's messages contain keys and positions, never values of the request.
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request("INVALID_REQUEST", error.to_string()))
}
