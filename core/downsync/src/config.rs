//! The server settings: address, paths, time limits and retries.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The default number of households per request; DIGIT's own app uses the same default.
const DEFAULT_PAGE_LIMIT: u32 = 100;

/// A DIGIT HCM deployment and the settings for it. [`ServerConfig::new`] uses the defaults of public deployments.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Scheme, host and an optional common path of all services: `https://hcm.example.org`.
    pub base_url: String,
    /// DIGIT tenant, e.g. `mz`.
    pub tenant: String,
    /// Boundary hierarchy, e.g. `ADMIN`.
    pub hierarchy: String,
    /// The source of boundary names; `None` makes names from codes.
    pub localization: Option<Localization>,
    /// The paths of the services.
    pub paths: Paths,
    /// Time limits.
    pub timeouts: Timeouts,
    /// The number and the intervals of retries.
    pub retry: RetryPolicy,
    /// Size limits.
    pub limits: DownloadLimits,
    /// Allows plain `http://` to other machines. The token and the health data are then readable for everyone on the
    /// network path: use it for closed test networks only. Loopback needs no permission.
    pub allow_http: bool,
    /// Certificates (DER) of additional trusted authorities, for servers with a national or private CA.
    pub extra_roots: Vec<Vec<u8>>,
    /// This device's clock, in ms since 1970. Used for `RequestInfo.ts` and the end of a session, never for the time of
    /// a snapshot.
    pub clock: fn() -> i64,
}

impl ServerConfig {
    /// The deployment at `base_url`, with the defaults of public deployments.
    pub fn new(base_url: &str, tenant: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            tenant: tenant.to_owned(),
            hierarchy: "ADMIN".to_owned(),
            localization: Some(Localization::default()),
            paths: Paths::default(),
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            limits: DownloadLimits::default(),
            allow_http: false,
            extra_roots: Vec::new(),
            clock: device_clock,
        }
    }
}

/// The messages that contain the boundary names.
#[derive(Clone, Debug)]
pub struct Localization {
    /// Message module; `None` means `hcm-boundary-` with the hierarchy in lower case, as DIGIT's console names it.
    pub module: Option<String>,
    /// Locale, e.g. `en_MZ`.
    pub locale: String,
}

impl Default for Localization {
    fn default() -> Self {
        Self { module: None, locale: "en_IN".to_owned() }
    }
}

/// Service paths, from the sample service registry. Prefixes differ: some deployments use `/health-project/...`.
#[derive(Clone, Debug)]
pub struct Paths {
    /// OAuth token.
    pub login: String,
    /// The projects of a user.
    pub project_staff: String,
    /// Projects by id.
    pub project: String,
    /// The boundary tree.
    pub boundaries: String,
    /// Boundary names.
    pub messages: String,
    /// Downsync of one boundary.
    pub downsync: String,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            login: "/user/oauth/token".to_owned(),
            project_staff: "/project/staff/v1/_search".to_owned(),
            project: "/project/v1/_search".to_owned(),
            boundaries: "/boundary-service/boundary-relationships/_search".to_owned(),
            messages: "/localization/messages/v1/_search".to_owned(),
            downsync: "/referralmanagement/beneficiary-downsync/v1/_get".to_owned(),
        }
    }
}

/// Time limits of requests. DIGIT's app waits 6 seconds, which is too short for a large page over 2G.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For connecting, including TLS.
    pub connect: Duration,
    /// For the next byte, also for the first one: the server first makes about a dozen internal calls for a page.
    pub idle: Duration,
    /// For one whole answer, so that a very slow body ends, too.
    pub answer: Duration,
    /// For the next bytes of a pre-generated file, over all attempts to resume it. Files can have any size and links
    /// can be slow, so a whole file has no limit while bytes arrive.
    pub file: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            answer: Duration::from_secs(300),
            file: Duration::from_secs(3600),
        }
    }
}

/// Exponential backoff with full jitter: the n-th wait is a random fraction of `base * 2^n`, and at most `cap`.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The maximum number of requests before the caller gets the error; at least 1.
    pub attempts: u32,
    /// The upper limit of the first wait.
    pub base: Duration,
    /// The upper limit of any wait, also of a server's `Retry-After`.
    pub cap: Duration,
    /// A random number in `0.0..=1.0`.
    pub random: fn() -> f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 6, base: Duration::from_millis(500), cap: Duration::from_secs(30), random: random_unit }
    }
}

/// Size limits for a server that sends wrong or endless data.
#[derive(Clone, Copy, Debug)]
pub struct DownloadLimits {
    /// Households per request. The client halves it for some time if pages time out or are too large.
    pub page: u32,
    /// Bytes of memory for one answer: its unpacked text and the parsed records.
    pub answer_bytes: u64,
    /// Bytes of memory up to which an answer counts as small. Only one larger answer is processed at a time.
    pub small_answer_bytes: u64,
    /// The maximum number of answers in memory, both during transfer and in a [`Page`](crate::Page) that is not dropped
    /// yet.
    pub answers: usize,
    /// Bytes of one unpacked pre-generated file.
    pub file_bytes: u64,
    /// Bytes of one line in such a file.
    pub line_bytes: u64,
}

impl Default for DownloadLimits {
    fn default() -> Self {
        Self {
            page: DEFAULT_PAGE_LIMIT,
            answer_bytes: 40 << 20,
            small_answer_bytes: 8 << 20,
            answers: 3,
            file_bytes: 16 << 30,
            line_bytes: 8 << 20,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "dates")]
fn device_clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Jitter need not be unpredictable, only different on each phone. The hash keys of the standard library are different.
fn random_unit() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(0);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}
