//! Searches for other devices.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_wire::Role;
use mdns_sd::{Receiver, ServiceEvent};
use tokio::time::{Instant, sleep_until};

use crate::mdns::{Mdns, failed};
use crate::name_table::{NameTable, Wanted};
use crate::service::{SERVICE, instance, is_relevant, peer_from_mdns};
use crate::{Announcement, DiscoveryEvent, Error, Interface, Peer};

/// The interval between queries. mDNS itself increases the interval with time. Multicast is sent once without
/// acknowledgement, so a device whose two announcements were lost would stay undiscovered for minutes.
const QUERY_INTERVAL: Duration = Duration::from_secs(5);
/// How long a device has to answer a verification.
const REVERIFY_TIMEOUT: Duration = Duration::from_secs(2);

/// A search for devices on one interface. It runs until it is dropped.
pub struct Browser {
    daemon: Mdns,
    interface: Interface,
    role: Role,
    own: Option<(Fingerprint, u32)>,
    /// The answer queues, oldest query first. A query and its queue end when the next query starts.
    queues: VecDeque<Receiver<ServiceEvent>>,
    next_query: Instant,
    /// The devices on the network, by full mDNS name.
    devices: NameTable,
    pending_events: VecDeque<DiscoveryEvent>,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("interface", &self.interface.name).finish_non_exhaustive()
    }
}

/// Searches on one interface for devices in a role, and for devices in any role with the key of this device. `own` is
/// the announcement of this device, which the search does not report. Devices in `wanted` are reported even if the
/// table of devices is full.
///
/// # Errors
/// [`Error::InterfaceGone`] if the interface has lost its address, [`Error::Discovery`] if mDNS does not work.
pub fn browse(interface: &Interface, role: Role, own: Option<&Announcement>, wanted: Wanted) -> Result<Browser, Error> {
    let daemon = Mdns::open(interface)?;
    let queues = VecDeque::from([daemon.0.browse(SERVICE).map_err(failed)?]);
    let next_query = Instant::now() + QUERY_INTERVAL;
    let own = own.map(|own| (own.fingerprint, own.session));
    let (interface, devices, pending_events) = (interface.clone(), NameTable::new(wanted), VecDeque::new());
    Ok(Browser { daemon, interface, role, own, queues, next_query, devices, pending_events })
}

impl Browser {
    /// The next change in the list of devices; `None` after the search has failed. Cancel-safe: a caller may drop the
    /// future and call again. Call it continuously, because it also sends the queries every few seconds.
    pub async fn next(&mut self) -> Option<DiscoveryEvent> {
        loop {
            if let Some(event) = self.pending_events.pop_front() {
                return Some(event);
            }
            let queue = self.queues.front()?;
            tokio::select! {
                event = queue.recv_async() => match event {
                    Ok(event) => self.handle(event),
                    Err(_) => {
                        self.queues.pop_front();
                        if self.queues.is_empty() {
                            self.query();
                        }
                    }
                },
                () = sleep_until(self.next_query) => self.query(),
            }
        }
    }

    /// Verifies that a device is still there, for example after a failed connection. If the device does not answer
    /// within two seconds, [`next`](Self::next) reports it as lost.
    pub fn reverify(&self, fingerprint: &Fingerprint) {
        let name = format!("{}.{SERVICE}", instance(fingerprint, self.role));
        // If the queue is full, a later call verifies the device again.
        let _ = self.daemon.0.verify(name, REVERIFY_TIMEOUT);
    }

    /// Starts a new query. All devices receive it, and the daemon repeats known answers, which [`handle`](Self::handle)
    /// ignores.
    fn query(&mut self) {
        self.next_query = Instant::now() + QUERY_INTERVAL;
        if let Ok(queue) = self.daemon.0.browse(SERVICE) {
            self.queues.push_back(queue);
        }
    }

    /// Applies an mDNS event to the list of devices and queues the resulting changes.
    fn handle(&mut self, event: ServiceEvent) {
        match event {
            ServiceEvent::ServiceResolved(answer) => {
                let is_relevant = |peer: &Peer| is_relevant(peer, self.role, self.own);
                if let Some(peer) = peer_from_mdns(&answer, &self.interface).filter(is_relevant) {
                    self.pending_events.extend(self.devices.insert(&answer.fullname, peer));
                }
            }
            ServiceEvent::ServiceRemoved(_, name) => self.pending_events.extend(self.devices.remove(&name)),
            _ => {}
        }
    }
}
