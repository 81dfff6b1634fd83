//! A small client, and the settings that most tests share.

use fieldcast_sandbox::{Moment, Sandbox, SandboxConfig};
use serde_json::{Value, json};

/// A small campaign.
pub(crate) fn config() -> SandboxConfig {
    SandboxConfig { seed: 42, households: 400, boundaries: 4, ..SandboxConfig::default() }
}

/// A client that is logged in to a sandbox.
pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl Client {
    pub(crate) async fn start(config: SandboxConfig) -> Self {
        // reqwest needs a TLS provider even for plain HTTP.
        rustls::crypto::ring::default_provider().install_default().ok();
        let sandbox = Sandbox::start(config).await.expect("a free port");
        let mut client = Self { sandbox, http: reqwest::Client::new(), token: String::new() };
        client.log_in().await;
        client
    }

    pub(crate) async fn log_in(&mut self) {
        let (status, body) = self.login("distributor", "fieldcast").await;
        assert_eq!(status, 200, "{body}");
        self.token = body["access_token"].as_str().expect("a token").into();
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> (u16, Value) {
        let form = [
            ("username", username),
            ("password", password),
            ("userType", "EMPLOYEE"),
            ("tenantId", "mz"),
            ("scope", "read"),
            ("grant_type", "password"),
        ];
        let url = format!("{}/user/oauth/token", self.sandbox.url());
        let request = self.http.post(url).header("authorization", "Basic ZWdvdi11c2VyLWNsaWVudDo=").form(&form);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    pub(crate) async fn post(&self, path: &str, mut body: Value) -> (u16, Value) {
        body["RequestInfo"] = json!({ "apiId": "hcm", "ver": ".01", "authToken": self.token });
        let response = self.http.post(format!("{}{path}", self.sandbox.url())).json(&body).send().await;
        let response = response.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// Sends a downsync request and returns the bytes. `Err` if the connection broke.
    pub(crate) async fn raw(&self, criteria: &Value) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let path = "/referralmanagement/beneficiary-downsync/v1/_get?offset=7&limit=1&includeDeleted=true";
        let body = json!({ "RequestInfo": { "authToken": self.token }, "DownsyncCriteria": criteria });
        let response = self.http.post(format!("{}{path}", self.sandbox.url())).json(&body).send().await?;
        Ok((response.status().as_u16(), response.bytes().await?.to_vec()))
    }

    pub(crate) async fn downsync(&self, criteria: &Value) -> (u16, Value) {
        let (status, bytes) = self.raw(criteria).await.expect("an answer");
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    pub(crate) fn moment(&self) -> Moment {
        self.sandbox.campaign().moment()
    }

    /// Criteria for leaf `leaf` of the first project, deleted rows included.
    pub(crate) fn criteria(&self, leaf: usize, offset: u64, limit: u64) -> Value {
        let moment = self.moment();
        json!({
            "locality": moment.leaves()[leaf].code,
            "tenantId": "mz",
            "projectId": moment.projects()[0].id,
            "offset": offset,
            "limit": limit,
            "includeDeleted": true,
        })
    }
}

/// The client references in one list of a page, in order.
pub(crate) fn references(page: &Value, list: &str) -> Vec<String> {
    let key = if list == "Services" { "clientId" } else { "clientReferenceId" };
    let rows = page["Downsync"][list].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| row[key].as_str().expect("a reference").into()).collect()
}
