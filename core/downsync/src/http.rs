//! Single request attempts, and reading answers with limits.

use std::sync::Arc;
use std::time::Duration;

use fieldcast_model::ServerTime;
use reqwest::{RequestBuilder, Response, Url, header};
use rustls::pki_types::CertificateDer;

use crate::config::ServerConfig;
use crate::error::Error;
use crate::failure::Failure;
use crate::gunzip::{UnpackError, Unpacker};
use crate::http_date;
use crate::memory::{Memory, Reservation, STEP, STEP_UNPACKED};

/// The maximum size of an error body in bytes. Of a larger one, only the status is used.
const ERROR_BYTES: u64 = 64 << 10;

/// The connection pool to one deployment.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    base: Url,
    pub(crate) memory: Memory,
    pub(crate) config: ServerConfig,
}

/// An answer with any status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
    /// Transferred bytes of the body.
    pub(crate) wire_bytes: u64,
    /// The `Date` header.
    pub(crate) date: Option<ServerTime>,
    retry_after: Option<Duration>,
    /// Its share of the memory for answers.
    pub(crate) memory: Reservation,
}

impl Http {
    pub(crate) fn new(config: ServerConfig) -> Result<Self, Error> {
        let base = config.base_url.trim_end_matches('/');
        let base = Url::parse(base).map_err(|_| {
            Error::config("`base_url` must be an address like https://host, with non-ASCII host names in the xn-- form")
        })?;
        may_connect(&base, config.allow_http)?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(&config)?)
            // The token is in the body, and a redirect would send it to any other address.
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .connect_timeout(config.timeouts.connect)
            .read_timeout(config.timeouts.idle)
            .user_agent(concat!("fieldcast/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| Error::config("the HTTP client cannot be created"))?;
        Ok(Self { client, base, memory: Memory::new(config.limits), config })
    }

    /// A POST to a service of the deployment.
    pub(crate) fn post(&self, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{}", self.base.path().trim_end_matches('/'), path.trim_start_matches('/')));
        let request = self.client.post(url).header(header::ACCEPT, "application/json");
        let request = request.header(header::ACCEPT_ENCODING, "gzip");
        if query.is_empty() { request } else { request.query(query) }
    }

    /// A GET of a pre-generated file, which can be on another host.
    pub(crate) fn get(&self, url: &str) -> Result<RequestBuilder, Error> {
        let url = self.base.join(url).map_err(|_| Error::bad_answer("a download link with an invalid address"))?;
        // The permission for plain http to the server does not apply to other hosts in its links.
        may_connect(&url, self.config.allow_http && self.base.scheme() == "http")?;
        Ok(self.client.get(url).header(header::ACCEPT_ENCODING, "gzip"))
    }

    /// Sends a request and reads the whole answer, at most `cap` bytes, within the limits of time and memory.
    pub(crate) async fn send(&self, request: RequestBuilder, cap: u64) -> Result<Reply, Failure> {
        let memory = self.memory.reserve().await;
        let whole = async { read(request.send().await?, cap, memory).await };
        tokio::time::timeout(self.config.timeouts.answer, whole)
            .await
            .unwrap_or_else(|_| Err(Failure::too_much(Error::unreachable("it took too long"))))
    }
}

impl Reply {
    /// The answer, if its status is a success.
    pub(crate) fn success(self, path: &str) -> Result<Self, Failure> {
        if !(200..300).contains(&self.status) {
            return Err(Failure::of_status(self.status, self.retry_after, path, &self.text));
        }
        if self.text.trim_start().starts_with('<') {
            let reason = "the network sent a web page instead of data and may require a sign-in in the browser";
            return Err(Failure::passing(Error::unreachable(reason)));
        }
        Ok(self)
    }
}

/// `Retry-After` in seconds. The other form, a date, is ignored.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// A header with a date.
pub(crate) fn date(response: &Response, name: header::HeaderName) -> Option<ServerTime> {
    http_date::parse(response.headers().get(name)?.to_str().ok()?)
}

async fn read(mut response: Response, cap: u64, mut memory: Reservation) -> Result<Reply, Failure> {
    let (status, is_error) = (response.status().as_u16(), !response.status().is_success());
    let cap = if is_error { cap.min(ERROR_BYTES) } else { cap };
    let (date, retry_after) = (date(&response, header::DATE), retry_after(&response));
    let mut unpacker = Unpacker::new(cap);
    let mut wire_bytes = 0;
    'body: while let Some(piece) = response.chunk().await? {
        wire_bytes += piece.len() as u64;
        for step in piece.chunks(STEP) {
            let have = unpacker.output().len();
            if have as u64 + STEP_UNPACKED > memory.bytes() && memory.grow().await {
                // Reserve the whole size: a buffer that doubles is in memory twice while it is copied. Unused memory
                // costs nothing.
                unpacker.output().reserve_exact(memory.bytes() as usize - have);
            }
            match unpacker.push(step) {
                Err(UnpackError::TooLarge) if is_error => {
                    unpacker = Unpacker::new(0);
                    break 'body;
                }
                pushed => pushed.map_err(|error| unpack_failure(error, cap))?,
            }
        }
    }
    unpacker.finish().map_err(|error| unpack_failure(error, cap))?;
    let text = String::from_utf8(std::mem::take(unpacker.output()))
        .map_err(|_| Failure::passing(Error::bad_answer("text that is not valid UTF-8")))?;
    Ok(Reply { status, text, wire_bytes, date, retry_after, memory })
}

pub(crate) fn unpack_failure(error: UnpackError, limit: u64) -> Failure {
    match error {
        UnpackError::TooLarge => Failure::too_much(Error::TooLarge { limit }),
        UnpackError::Broken => Failure::passing(Error::bad_answer("compressed data that is damaged or incomplete")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        None => false,
    }
}

fn may_connect(url: &Url, allow_http: bool) -> Result<(), Error> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_http || is_loopback(url) => Ok(()),
        "http" => Err(Error::config("plain http:// would send the token unencrypted: use https://")),
        _ => Err(Error::config("only https:// addresses are supported")),
    }
}

/// The public root certificates are compiled in: the platform's verifier would need JNI setup on Android.
fn tls(config: &ServerConfig) -> Result<rustls::ClientConfig, Error> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for der in &config.extra_roots {
        let added = roots.add(CertificateDer::from(der.as_slice()).into_owned());
        added.map_err(|_| Error::config("one of `extra_roots` is not a certificate"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| Error::config("TLS cannot be set up"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requires_punycode_for_non_ascii_hosts() {
        let http = |base: &str| Http::new(ServerConfig::new(base, "mz"));
        assert_eq!(http("https://XN--Sade-5qa.Example").unwrap().base.as_str(), "https://xn--sade-5qa.example/");
        let refused = http("https://saúde.example").unwrap_err().to_string();
        assert!(refused.contains("xn--"), "{refused}");
    }

    #[test]
    fn limits_plain_http_files_to_allowed_hosts() {
        let http = |base: &str, allow_http| Http::new(ServerConfig { allow_http, ..ServerConfig::new(base, "mz") });
        let (secure, plain) = (http("https://s.example", true).unwrap(), http("http://s.example", true).unwrap());
        assert!(matches!(secure.get("http://files.example/a"), Err(Error::Config { .. })));
        assert!(plain.get("http://files.example/a").is_ok());
        let near = http("http://127.0.0.1:1", false).unwrap();
        assert!(matches!(near.get("http://files.example/a"), Err(Error::Config { .. })));
        for http in [&secure, &plain, &near] {
            assert!(http.get("https://files.example/a").is_ok() && http.get("http://localhost:9/a").is_ok());
            assert!(http.get("/relative").is_ok() && http.get("file:///etc/passwd").is_err());
        }
    }
}
