//! Login.

use fieldcast_model::Json;
use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::failure::Failure;
use crate::http::Reply;
use crate::session::{Session, UserRole};

/// `egov-user-client` with an empty secret: the client id of DIGIT's own apps.
const CLIENT_BASIC: &str = "Basic ZWdvdi11c2VyLWNsaWVudDo=";

/// The maximum size of a login answer in bytes: its user data is part of every later request.
const LOGIN_BYTES: u64 = 256 << 10;

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
    roles: Option<Vec<UserRole>>,
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

/// OAuth answers with 400 `invalid_grant` or `invalid_request`, some gateways with 401 or 403. An eGov `Errors` list
/// means something else.
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
