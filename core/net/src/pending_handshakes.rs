//! Incoming connections during the handshake. Their number is limited, so a flood of silent connections costs little
//! and does not block other peers.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::Interface;

/// Limits for the number and the duration of simultaneous handshakes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandshakeLimits {
    /// The time limit of a handshake.
    pub(crate) time: Duration,
    /// The maximum number at a time. An additional handshake replaces the oldest one.
    pub(crate) at_once: usize,
    /// The maximum number from one address. Additional connections are rejected.
    pub(crate) per_address: usize,
    /// The minimum age of a handshake that can be replaced: a correct peer has finished by then.
    pub(crate) grace: Duration,
}

impl HandshakeLimits {
    /// The limits for an interface: 10 seconds, 32 at a time, 4 per address. On loopback, all connections have the same
    /// address, so only the total is limited.
    pub(crate) fn of(interface: &Interface) -> Self {
        Self {
            time: Duration::from_secs(10),
            at_once: 32,
            per_address: if interface.is_loopback { usize::MAX } else { 4 },
            grace: Duration::from_millis(500),
        }
    }
}

/// The running handshakes, oldest first.
pub(crate) struct PendingHandshakes {
    limits: HandshakeLimits,
    tasks: JoinSet<()>,
    slots: VecDeque<Slot>,
}

struct Slot {
    address: IpAddr,
    since: Instant,
    task: AbortHandle,
}

impl PendingHandshakes {
    pub(crate) fn new(limits: HandshakeLimits) -> Self {
        Self { limits, tasks: JoinSet::new(), slots: VecDeque::new() }
    }

    /// Waits for a free slot for a connection from `address`, at most until the oldest handshake has had its grace
    /// time. Returns `false` if the address has too many handshakes.
    pub(crate) async fn acquire_slot(&mut self, address: IpAddr) -> bool {
        self.drop_finished();
        if self.slots.iter().filter(|slot| slot.address == address).count() >= self.limits.per_address {
            return false;
        }
        while self.slots.len() >= self.limits.at_once {
            let Some(oldest) = self.slots.front() else { break };
            if timeout_at(oldest.since + self.limits.grace, self.tasks.join_next()).await.is_err()
                && let Some(oldest) = self.slots.pop_front()
            {
                oldest.task.abort();
            }
            self.drop_finished();
        }
        true
    }

    /// Starts the handshake of a connection that has a slot.
    pub(crate) fn begin(&mut self, address: IpAddr, handshake: impl Future<Output = ()> + Send + 'static) {
        let limit = self.limits.time;
        let task = self.tasks.spawn(async move {
            if tokio::time::timeout(limit, handshake).await.is_err() {
                tracing::debug!("a peer did not finish the handshake in time");
            }
        });
        self.slots.push_back(Slot { address, since: Instant::now(), task });
    }

    fn drop_finished(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.slots.retain(|slot| !slot.task.is_finished());
    }
}
