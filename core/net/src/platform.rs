//! The system's own service discovery (Apple's browser, Android's DNS-SD), beside or in place of this crate's mDNS.
//!
//! What it finds is judged exactly as what is heard by mDNS, on the thread that tells it, and kept as what is there now, not
//! as a row of news: however fast it comes, it takes no more memory than its peers do.

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
use crate::service::{SERVICE, instance, is_sought, peer, txt};
use crate::{Announcement, DiscoveryEvent, Interface, Peer};

/// How long after changes were told the next are.
const PACE: Duration = Duration::from_millis(100);

/// What can be had from the system.
pub trait Discovery: fmt::Debug + Send + Sync {
    /// Begins to announce a service and to search for others of its type, until what this returns is dropped. Neither may
    /// block.
    fn start(&self, service: Service, findings: DiscoverySink) -> Box<dyn Send + Sync>;
}

/// What is to be announced, and searched for.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its type, without a domain: `_fieldcast._tcp`.
    pub kind: String,
    /// The instance's name. The system may add ` (2)` and the like.
    pub name: String,
    /// The TXT record.
    pub txt: Vec<(String, String)>,
    /// Where it listens.
    pub port: u16,
    /// The network to do it on.
    pub interface: Interface,
}

/// A service that the system tells of; a stranger's word.
#[derive(Clone, Debug)]
pub struct DiscoveredService<'a> {
    /// The instance's name.
    pub name: &'a str,
    /// Every address it has.
    pub addresses: &'a [IpAddr],
    /// Where it listens.
    pub port: u16,
}

/// Takes what the system finds, from any thread, without waiting; nothing any more once the search is over.
#[derive(Clone, Debug)]
pub struct DiscoverySink(Weak<There>);

impl DiscoverySink {
    /// A service is there, or has changed; `text` looks a key of its TXT record up.
    pub fn found<'t>(&self, service: &DiscoveredService<'_>, text: impl Fn(&str) -> Option<&'t str>) {
        let Some(there) = self.0.upgrade() else { return };
        let addresses = service.addresses.iter().copied();
        let Some(peer) = peer(service.name, text, addresses, service.port, &there.interface) else { return };
        let is_sought = is_sought(&peer, there.role, Some(there.own));
        if is_sought && !there.view().put(service.name, peer).is_empty() {
            there.changed.notify_one();
        }
    }

    /// The service of this name is there no more.
    pub fn lost(&self, name: &str) {
        let Some(there) = self.0.upgrade() else { return };
        let was_there = there.view().take(name).is_some();
        if was_there {
            there.changed.notify_one();
        }
    }
}

#[derive(Debug)]
struct There {
    interface: Interface,
    role: Role,
    own: (Fingerprint, u32),
    view: Mutex<NameTable>,
    changed: Notify,
}

impl There {
    fn view(&self) -> MutexGuard<'_, NameTable> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A search by the system, going on until dropped.
pub struct PlatformSearch {
    there: Arc<There>,
    told: BTreeMap<(Fingerprint, u32), Peer>,
    to_tell: VecDeque<DiscoveryEvent>,
    next_look: Instant,
    _search: Box<dyn Send + Sync>,
}

impl fmt::Debug for PlatformSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformSearch").field("there", &self.there).finish_non_exhaustive()
    }
}

/// Has the system announce a device on one interface, and search there for devices in another role, and for those in any that
/// have its key. Those who are `wanted` are told of however many others there are.
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
    let there =
        Arc::new(There { interface, role, own, view: Mutex::new(NameTable::new(wanted)), changed: Notify::new() });
    let search = discovery.start(service, DiscoverySink(Arc::downgrade(&there)));
    let (told, to_tell) = (BTreeMap::new(), VecDeque::new());
    PlatformSearch { there, told, to_tell, next_look: Instant::now(), _search: search }
}

impl PlatformSearch {
    /// The next change in who is there. May be dropped half way and called again.
    pub async fn next(&mut self) -> DiscoveryEvent {
        loop {
            if let Some(sighting) = self.to_tell.pop_front() {
                return sighting;
            }
            sleep_until(self.next_look).await;
            self.there.changed.notified().await;
            self.look();
        }
    }

    /// Finds out what has changed since the last look.
    fn look(&mut self) {
        self.next_look = Instant::now() + PACE;
        let now = self.there.view().peers();
        let lost: BTreeSet<_> = self.told.keys().map(|(device, _)| *device).collect();
        let lost = lost.into_iter().filter(|told| !now.keys().any(|(device, _)| device == told));
        self.to_tell.extend(lost.map(DiscoveryEvent::Lost));
        let new = now.iter().filter(|(who, peer)| self.told.get(*who) != Some(*peer));
        self.to_tell.extend(new.map(|(_, peer)| DiscoveryEvent::Found(peer.clone())));
        self.told = now;
    }
}
