//! Where the server is and how patient to be with it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Households asked for at a time unless told otherwise; what DIGIT's own app falls back to.
const DEFAULT_PAGE_LIMIT: u32 = 100;

/// A DIGIT HCM deployment and how to talk to it. [`ServerConfig::new`] fills in what public deployments use.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Scheme, host and, if any, a path all services share: `https://hcm.example.org`.
    pub base_url: String,
    /// DIGIT tenant, e.g. `mz`.
    pub tenant: String,
    /// Boundary hierarchy, e.g. `ADMIN`.
    pub hierarchy: String,
    /// Where boundary names are asked for; `None` makes names from codes.
    pub localization: Option<Localization>,
    /// The services' paths.
    pub paths: Paths,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often and how fast to try again.
    pub retry: RetryPolicy,
    /// How much to take.
    pub limits: Limits,
    /// Allow plain `http://` to other machines. The token and health data then travel readable by anybody on the way:
    /// for closed test networks only. Loopback needs no permission.
    pub allow_http: bool,
    /// Certificates (DER) of authorities to trust besides the public ones, for servers with a national or private CA.
    pub extra_roots: Vec<Vec<u8>>,
    /// This device's clock, milliseconds since 1970. Used for `RequestInfo.ts` and for when a session runs out, never
    /// for what a snapshot is as of.
    pub clock: fn() -> i64,
}

impl ServerConfig {
    /// The deployment at `base_url`, with everything else as in public deployments.
    pub fn new(base_url: &str, tenant: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            tenant: tenant.to_owned(),
            hierarchy: "ADMIN".to_owned(),
            localization: Some(Localization::default()),
            paths: Paths::default(),
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            allow_http: false,
            extra_roots: Vec::new(),
            clock: device_clock,
        }
    }
}

/// Which messages hold the boundaries' names.
#[derive(Clone, Debug)]
pub struct Localization {
    /// Message module; `None` is `hcm-boundary-` with the hierarchy in lower case, as DIGIT's console writes them.
    pub module: Option<String>,
    /// Locale, e.g. `en_MZ`.
    pub locale: String,
}

impl Default for Localization {
    fn default() -> Self {
        Self { module: None, locale: "en_IN".to_owned() }
    }
}

/// Service paths, from the sample service registry. Prefixes vary: some deployments have `/health-project/...`.
#[derive(Clone, Debug)]
pub struct Paths {
    /// OAuth token.
    pub login: String,
    /// A user's projects.
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

/// How long to wait before a request counts as failed. DIGIT's app waits 6 seconds, too few for a big page on 2G.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the next byte; also for the first, while the server builds a page out of a dozen calls of its own.
    pub idle: Duration,
    /// For one whole answer, so that a body that only trickles ends too.
    pub answer: Duration,
    /// For the next bytes of a pre-generated file, over all attempts at going on with it. Files may be of any size and
    /// links slow, so there is no limit on a whole one as long as it comes.
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

/// Exponential backoff with full jitter: the n-th wait is a random part of `base * 2^n`, at most `cap`.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Requests made in all before the error is given up to the caller; at least 1.
    pub attempts: u32,
    /// Upper bound of the first wait.
    pub base: Duration,
    /// Upper bound of any wait; also of how long a server's `Retry-After` is obeyed.
    pub cap: Duration,
    /// A random number in `0.0..=1.0`.
    pub random: fn() -> f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 6, base: Duration::from_millis(500), cap: Duration::from_secs(30), random: random_unit }
    }
}

/// How much to take from a server that may lie or never end.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Households asked for at a time; halved for a while when pages time out or grow too large.
    pub page: u32,
    /// Bytes of memory one answer may take: its text, unpacked, and the records read from it.
    pub answer_bytes: u64,
    /// Bytes of memory up to which an answer is small. Larger ones are taken one at a time.
    pub small_answer_bytes: u64,
    /// Answers in memory at a time, be they under way or in a [`Page`](crate::Page) that is not dropped yet.
    pub answers: usize,
    /// Bytes of one pre-generated file, unpacked.
    pub file_bytes: u64,
    /// Bytes of one line of such a file.
    pub line_bytes: u64,
}

impl Default for Limits {
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

/// Jitter need not be unpredictable, only different on each phone: the standard library's hash keys are.
fn random_unit() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(0);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}
