//! The client: one deployment, any number of sessions.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::ServerConfig;
use crate::error::Error;
use crate::failure::Failure;
use crate::http::{Http, Reply};
use crate::members::count;
use crate::parse::Layout;
use crate::retry::Attempts;
use crate::schema::Schema;
use crate::session::Session;

/// Bytes of memory for a list or an object, in addition to its text.
const NODE_BYTES: u64 = 128;

/// A DIGIT HCM deployment. Cheap to clone; clones share connections. Use it inside a tokio runtime.
#[derive(Clone, Debug)]
pub struct Client {
    http: Arc<Http>,
    layout: Arc<Layout>,
}

impl Client {
    /// Creates a client for the deployment in `config`. Does not connect yet.
    ///
    /// # Errors
    /// [`Error::Config`] if the address is invalid, or would send the token without encryption.
    pub fn new(config: ServerConfig) -> Result<Self, Error> {
        let schema = Schema::digit().map_err(|error| Error::config(error.to_string()))?;
        Ok(Self { http: Arc::new(Http::new(config)?), layout: Arc::new(Layout::new(schema)) })
    }

    /// The settings of the client.
    pub fn config(&self) -> &ServerConfig {
        &self.http.config
    }

    /// The known entity types, parents before children.
    pub(crate) fn schema(&self) -> &Schema {
        &self.layout.schema
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Repeats an attempt until it succeeds or a retry cannot help.
    pub(crate) async fn retrying<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Failure>>, // the compiler cannot prove that an async closure is `Send`
    {
        let mut attempts = Attempts::new(self.config().retry);
        loop {
            match attempt().await {
                Ok(value) => return Ok(value),
                Err(failure) => attempts.wait_after(failure).await?,
            }
        }
    }

    /// Parses an answer of type `T`. During parsing, its texts are in memory twice, and its lists and objects need
    /// memory, too.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str, mut reply: Reply) -> Result<T, Failure> {
        let memory = 2 * reply.text.len() as u64 + count(&reply.text, b"{[") * NODE_BYTES;
        if memory > reply.memory.bytes() {
            reply.memory.grow().await;
        }
        if memory > reply.memory.bytes() {
            return Err(Failure::fatal(Error::TooLarge { limit: reply.memory.bytes() }));
        }
        let bad = |_| Failure::passing(Error::bad_answer(format!("{path} answered in an unknown format")));
        serde_json::from_str(&reply.text).map_err(bad)
    }

    /// Calls a service once. Adds the `RequestInfo` to `body`, which must be an object.
    pub(crate) async fn call(
        &self,
        session: &Session,
        path: &str,
        query: &[(&str, &str)],
        mut body: Value,
    ) -> Result<(Reply, i64), Failure> {
        let now = (self.config().clock)();
        body["RequestInfo"] = session.request_info(&self.config().tenant, now);
        let reply = self.http.send(self.http.post(path, query).json(&body), self.config().limits.answer_bytes).await?;
        Ok((reply.success(path)?, now))
    }

    /// Calls a service with retries and returns an answer of type `T`.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        session: &Session,
        path: &str,
        query: &[(&str, &str)],
        body: Value,
    ) -> Result<T, Error> {
        self.retrying(|| async {
            let called = self.call(session, path, query, body.clone()).await;
            let (reply, _) = called.map_err(Failure::without_smaller)?;
            self.read(path, reply).await
        })
        .await
    }
}
