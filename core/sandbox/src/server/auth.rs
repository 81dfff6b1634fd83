//! Login, and the user's permitted actions.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Form;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ServerState;
use super::reply::{self, Refusal};
use crate::campaign::SandboxCampaign;

/// `egov-user-client:` with an empty secret. It is the same in every deployment.
const CLIENT: &str = "Basic ZWdvdi11c2VyLWNsaWVudDo=";

/// The valid tokens.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Given>);

#[derive(Default)]
struct Given {
    count: u64,
    living: HashSet<String>,
}

impl fmt::Debug for Tokens {
    /// Tokens are secrets, so the debug output does not contain them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl Tokens {
    fn give(&self, campaign: &SandboxCampaign) -> String {
        self.with(|given| {
            given.count += 1;
            let token = campaign.plan().key.child(14).child(given.count).uuid().to_string();
            given.living.insert(token.clone());
            token
        })
    }

    pub(super) fn holds(&self, token: &str) -> bool {
        self.with(|given| given.living.contains(token))
    }

    /// Invalidates the token, like an expiry.
    pub(super) fn forget(&self, token: &str) {
        self.with(|given| given.living.remove(token));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Given) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The login form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoginForm {
    username: String,
    password: String,
    tenant_id: String,
    #[serde(default, rename = "grant_type")]
    grant_type: String,
}

/// `POST /user/oauth/token`.
pub(super) async fn login(
    State(app): State<Arc<ServerState>>,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != CLIENT) {
        return oauth_error(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Full authentication is required to access this resource",
        );
    }
    if form.grant_type != "password" {
        return oauth_error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant type");
    }
    let plan = app.campaign.plan();
    let user = plan.people.login(&form.username, &form.password).filter(|_| form.tenant_id == plan.tenant);
    match user.and_then(|user| Some((user, user_request(&app, user)?))) {
        Some((user, request)) => {
            let body = json!({
                "access_token": app.tokens.give(&app.campaign),
                "token_type": "bearer",
                "refresh_token": plan.key.child(15).child(user as u64).uuid().to_string(),
                "expires_in": 604_799,
                "scope": "read",
                "ResponseInfo": app.info(),
                "UserRequest": request,
            });
            reply::json(StatusCode::OK, &body)
        }
        None => oauth_error(StatusCode::BAD_REQUEST, "invalid_request", "Invalid login credentials"),
    }
}

fn oauth_error(status: StatusCode, error: &str, description: &str) -> Response {
    reply::json(status, &json!({ "error": error, "error_description": description }))
}

fn user_request(app: &ServerState, user: usize) -> Option<Value> {
    let plan = app.campaign.plan();
    let (name, uuid) = plan.people.staff().nth(user)?;
    Some(json!({
        "id": 1_000 + user,
        "uuid": uuid.to_string(),
        "userName": name,
        "name": name,
        "mobileNumber": format!("84{:07}", 1_000_000 + user),
        "emailId": null,
        "locale": null,
        "active": true,
        "tenantId": plan.tenant,
        "permanentCity": null,
        "gender": null,
        "type": "EMPLOYEE",
        "roles": [{ "name": "Distributor", "code": "DISTRIBUTOR", "tenantId": plan.tenant }],
    }))
}

/// `POST /access/v1/actions/mdms/_get`: the cards of the app's home screen.
pub(super) async fn actions(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Response, Refusal> {
    app.authorised::<serde::de::IgnoredAny>(&body)?;
    let names =
        ["HOME_BENEFICIARY_LABEL", "HOME_SYNC_DATA_LABEL", "HOME_DATA_SHARE_LABEL", "HOME_VIEW_DOWNLOADED_DATA"];
    let actions = names.iter().zip(1..).map(|(name, n)| {
        json!({
            "id": n, "name": name, "url": "", "displayName": name, "orderNumber": n, "parentModule": "hcm",
            "enabled": true, "serviceCode": "HCM", "tenantId": app.campaign.plan().tenant, "path": "",
        })
    });
    Ok(reply::json(StatusCode::OK, &json!({ "actions": actions.collect::<Vec<_>>() })))
}
