//! Logging in, and what every later request says about who asks.

use std::fmt;

use fieldcast_model::Json;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::failure::Failure;
use crate::http::Reply;

/// `egov-user-client` with an empty secret: the client id of DIGIT's own apps.
const CLIENT_BASIC: &str = "Basic ZWdvdi11c2VyLWNsaWVudDo=";

/// The most bytes of the answer to a login: what it says of the user travels with every later request.
const LOGIN_BYTES: u64 = 256 << 10;

/// A logged-in user. Holds the token: keep it where the platform keeps secrets. Its `Debug` shows no person and no token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The token that travels in the body of every request.
    pub access_token: String,
    /// When the token runs out, milliseconds since 1970 on this device's clock; `None` if the server does not say.
    pub expires_at: Option<i64>,
    /// The user's uuid.
    pub user_uuid: String,
    /// The login name.
    pub user_name: String,
    /// The name for people; may be empty.
    pub name: String,
    /// What the user may do.
    pub roles: Vec<Role>,
    /// The user as the server described it (`UserRequest`); `RequestInfo.userInfo` repeats it.
    pub user_info: Json,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("expires_at", &self.expires_at)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// A role of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// e.g. `DISTRIBUTOR`.
    pub code: String,
    /// For people.
    #[serde(default)]
    pub name: String,
}

impl Session {
    /// The envelope of a request.
    pub(crate) fn request_info(&self, tenant: &str, now: i64) -> Value {
        let user: Value = serde_json::from_str(self.user_info.as_str()).unwrap_or(Value::Null);
        json!({
            "apiId": "hcm", "ver": ".01", "ts": now, "action": "_get", "did": "1", "key": "1",
            "authToken": self.access_token, "tenantId": tenant, "userInfo": user,
        })
    }
}

#[derive(Deserialize)]
struct TokenBody<'a> {
    access_token: Option<String>,
    expires_in: Option<i64>,
    #[serde(rename = "UserRequest", borrow)]
    user: Option<&'a serde_json::value::RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserBody {
    uuid: Option<String>,
    user_name: Option<String>,
    name: Option<String>,
    roles: Option<Vec<Role>>,
}

impl Client {
    /// Logs in.
    ///
    /// # Errors
    /// [`Error::WrongCredentials`], [`Error::Unreachable`], [`Error::Server`], [`Error::BadAnswer`].
    pub async fn login(&self, user: &str, password: &str) -> Result<Session, Error> {
        let config = self.config();
        let form = [
            ("username", user),
            ("password", password),
            ("userType", "EMPLOYEE"),
            ("tenantId", &config.tenant),
            ("scope", "read"),
            ("grant_type", "password"),
        ];
        self.retrying(|| async {
            let request = self.http().post(&config.paths.login, &[]).header("authorization", CLIENT_BASIC).form(&form);
            let reply = self.http().send(request, LOGIN_BYTES).await.map_err(Failure::without_smaller)?;
            if refuses(&reply) {
                return Err(Failure::fatal(Error::WrongCredentials));
            }
            let reply = reply.success(&config.paths.login)?;
            let bad = || Failure::passing(Error::bad_answer("a login without token or user"));
            session(&reply.text, (config.clock)()).ok_or_else(bad)
        })
        .await
    }
}

/// OAuth says 400 `invalid_grant` or `invalid_request`, some gateways 401 or 403; an eGov `Errors` list is something else.
fn refuses(reply: &Reply) -> bool {
    let oauth = || reply.text.contains("\"error\"") && !reply.text.contains("\"Errors\"");
    matches!(reply.status, 401 | 403) || (reply.status == 400 && oauth())
}

fn session(text: &str, now: i64) -> Option<Session> {
    let body: TokenBody<'_> = serde_json::from_str(text).ok()?;
    let raw = body.user?.get();
    let user: UserBody = serde_json::from_str(raw).ok()?;
    Some(Session {
        access_token: body.access_token.filter(|token| !token.is_empty())?,
        expires_at: body.expires_in.map(|seconds| now.saturating_add(seconds.saturating_mul(1000))),
        user_uuid: user.uuid?,
        user_name: user.user_name.unwrap_or_default(),
        name: user.name.unwrap_or_default(),
        roles: user.roles.unwrap_or_default(),
        user_info: Json::parse(raw).ok()?,
    })
}
