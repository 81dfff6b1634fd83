//! The data of a logged-in user in all requests.

use std::fmt;

use fieldcast_model::Json;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A logged-in user. It contains the token: store it in the secret storage of the platform. Its `Debug` output shows
/// neither the user nor the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The token in the body of every request.
    pub access_token: String,
    /// When the token expires, in ms since 1970 on this device's clock; `None` if the server does not report it.
    pub expires_at: Option<i64>,
    /// The UUID of the user.
    pub user_uuid: String,
    /// The login name.
    pub user_name: String,
    /// The display name; may be empty.
    pub name: String,
    /// The roles of the user.
    pub roles: Vec<UserRole>,
    /// The user data from the server (`UserRequest`), repeated in `RequestInfo.userInfo`.
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
pub struct UserRole {
    /// For example `DISTRIBUTOR`.
    pub code: String,
    /// The display name.
    #[serde(default)]
    pub name: String,
}

impl Session {
    /// The `RequestInfo` of a request.
    pub(crate) fn request_info(&self, tenant: &str, now: i64) -> Value {
        let user: Value = serde_json::from_str(self.user_info.as_str()).unwrap_or(Value::Null);
        json!({
            "apiId": "hcm", "ver": ".01", "ts": now, "action": "_get", "did": "1", "key": "1",
            "authToken": self.access_token, "tenantId": tenant, "userInfo": user,
        })
    }
}
