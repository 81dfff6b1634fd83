//! Calls that are shaking hands: bounded, so that a flood of callers who say nothing costs little and shuts nobody out.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::Interface;

/// How many calls may shake hands at once, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandshakeLimits {
    /// The time a handshake may take.
    pub(crate) time: Duration,
    /// How many may be under way together. One more pushes out the oldest.
    pub(crate) at_once: usize,
    /// How many of them may come from one address. One more is turned away.
    pub(crate) per_address: usize,
    /// How old a handshake must be to be pushed out: an honest one is done by then.
    pub(crate) grace: Duration,
}

impl HandshakeLimits {
    /// What suits an interface: 10 seconds, 32 at once, 4 from one address. On loopback all callers share one address,
    /// so there only the sum counts.
    pub(crate) fn of(interface: &Interface) -> Self {
        Self {
            time: Duration::from_secs(10),
            at_once: 32,
            per_address: if interface.is_loopback { usize::MAX } else { 4 },
            grace: Duration::from_millis(500),
        }
    }
}

/// The handshakes under way, oldest first.
pub(crate) struct Waiting {
    limits: HandshakeLimits,
    tasks: JoinSet<()>,
    line: VecDeque<Place>,
}

struct Place {
    address: IpAddr,
    since: Instant,
    task: AbortHandle,
}

impl Waiting {
    pub(crate) fn new(limits: HandshakeLimits) -> Self {
        Self { limits, tasks: JoinSet::new(), line: VecDeque::new() }
    }

    /// Whether a caller from `address` may begin. Waits for a place, at most until the oldest has had its grace.
    pub(crate) async fn admit(&mut self, address: IpAddr) -> bool {
        self.forget_finished();
        if self.line.iter().filter(|place| place.address == address).count() >= self.limits.per_address {
            return false;
        }
        while self.line.len() >= self.limits.at_once {
            let Some(oldest) = self.line.front() else { break };
            if timeout_at(oldest.since + self.limits.grace, self.tasks.join_next()).await.is_err()
                && let Some(oldest) = self.line.pop_front()
            {
                oldest.task.abort();
            }
            self.forget_finished();
        }
        true
    }

    /// Begins the handshake of a caller that was admitted.
    pub(crate) fn begin(&mut self, address: IpAddr, handshake: impl Future<Output = ()> + Send + 'static) {
        let limit = self.limits.time;
        let task = self.tasks.spawn(async move {
            if tokio::time::timeout(limit, handshake).await.is_err() {
                tracing::debug!("a caller did not finish the handshake in time");
            }
        });
        self.line.push_back(Place { address, since: Instant::now(), task });
    }

    fn forget_finished(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.line.retain(|place| !place.task.is_finished());
    }
}
