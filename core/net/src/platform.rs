//! The system's service discovery (Apple's browser, Android's DNS-SD), in addition to this crate's mDNS or instead of
//! it.
//!
//! Its results get the same checks as mDNS answers, on the thread that reports them. The search keeps the present
//! devices and not a list of events, so fast events need no more memory than the devices themselves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_wire::Role;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::name_table::{NameTable, Wanted};
use crate::service::{SERVICE, instance, is_relevant, peer, txt};
use crate::{Announcement, DiscoveryEvent, Interface, Peer};

/// The minimum interval between two reports of changes.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// The service discovery of the system.
pub trait Discovery: fmt::Debug + Send + Sync {
    /// Starts to announce a service and to search for others of its type, until the returned value is dropped. Neither
    /// may block.
    fn start(&self, service: Service, sink: DiscoverySink) -> Box<dyn Send + Sync>;
}

/// The service to announce and to search for.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its type without a domain: `_fieldcast._tcp`.
    pub kind: String,
    /// The instance name. The system may add ` (2)` or a similar suffix.
    pub name: String,
    /// The TXT record.
    pub txt: Vec<(String, String)>,
    /// The port on which it listens.
    pub port: u16,
    /// The network to use.
    pub interface: Interface,
}

/// A service that the system has discovered. It is not verified.
#[derive(Clone, Debug)]
pub struct DiscoveredService<'a> {
    /// The instance name.
    pub name: &'a str,
    /// All its addresses.
    pub addresses: &'a [IpAddr],
    /// The port on which it listens.
    pub port: u16,
}

/// Receives the services that the system discovers, from any thread and without blocking. Ignores them after the end of
/// the search.
#[derive(Clone, Debug)]
pub struct DiscoverySink(Weak<SearchState>);

impl DiscoverySink {
    /// Adds or changes a service. `text` returns the value of a key in its TXT record.
    pub fn found<'t>(&self, service: &DiscoveredService<'_>, text: impl Fn(&str) -> Option<&'t str>) {
        let Some(state) = self.0.upgrade() else { return };
        let addresses = service.addresses.iter().copied();
        let Some(peer) = peer(service.name, text, addresses, service.port, &state.interface) else { return };
        let is_relevant = is_relevant(&peer, state.role, Some(state.own));
        if is_relevant && !state.table().insert(service.name, peer).is_empty() {
            state.changed.notify_one();
        }
    }

    /// Removes the service with this name.
    pub fn lost(&self, name: &str) {
        let Some(state) = self.0.upgrade() else { return };
        let was_known = state.table().remove(name).is_some();
        if was_known {
            state.changed.notify_one();
        }
    }
}

#[derive(Debug)]
struct SearchState {
    interface: Interface,
    role: Role,
    own: (Fingerprint, u32),
    table: Mutex<NameTable>,
    changed: Notify,
}

impl SearchState {
    fn table(&self) -> MutexGuard<'_, NameTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A search by the system. It runs until it is dropped.
pub struct PlatformSearch {
    state: Arc<SearchState>,
    reported: BTreeMap<(Fingerprint, u32), Peer>,
    pending_events: VecDeque<DiscoveryEvent>,
    next_report: Instant,
    _search: Box<dyn Send + Sync>,
}

impl fmt::Debug for PlatformSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformSearch").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Makes the system announce a device on one interface, and search there for devices in another role and for devices in
/// any role with the same key. Devices in `wanted` are reported even if the table of devices is full.
pub fn search(
    discovery: &dyn Discovery,
    interface: &Interface,
    announcement: &Announcement,
    role: Role,
    wanted: Wanted,
) -> PlatformSearch {
    let (interface, own) = (interface.clone(), (announcement.fingerprint, announcement.session));
    let service = Service {
        kind: SERVICE.trim_end_matches(".local.").to_owned(),
        name: instance(&announcement.fingerprint, announcement.role),
        txt: txt(announcement).into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        port: announcement.port,
        interface: interface.clone(),
    };
    let state = Arc::new(SearchState {
        interface,
        role,
        own,
        table: Mutex::new(NameTable::new(wanted)),
        changed: Notify::new(),
    });
    let search = discovery.start(service, DiscoverySink(Arc::downgrade(&state)));
    let (reported, pending_events) = (BTreeMap::new(), VecDeque::new());
    PlatformSearch { state, reported, pending_events, next_report: Instant::now(), _search: search }
}

impl PlatformSearch {
    /// The next change in the list of devices. Cancel-safe.
    pub async fn next(&mut self) -> DiscoveryEvent {
        loop {
            if let Some(event) = self.pending_events.pop_front() {
                return event;
            }
            sleep_until(self.next_report).await;
            self.state.changed.notified().await;
            self.queue_changes();
        }
    }

    /// Queues the changes since the last report.
    fn queue_changes(&mut self) {
        self.next_report = Instant::now() + REPORT_INTERVAL;
        let now = self.state.table().peers();
        let lost: BTreeSet<_> = self.reported.keys().map(|(device, _)| *device).collect();
        let lost = lost.into_iter().filter(|reported| !now.keys().any(|(device, _)| device == reported));
        self.pending_events.extend(lost.map(DiscoveryEvent::Lost));
        let new = now.iter().filter(|(who, peer)| self.reported.get(*who) != Some(*peer));
        self.pending_events.extend(new.map(|(_, peer)| DiscoveryEvent::Found(peer.clone())));
        self.reported = now;
    }
}
