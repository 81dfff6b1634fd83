//! The list of receivers: one entry per fingerprint, with all routes to it and the state of sending.
//!
//! Each source limits its own routes: the discovery events, the number of parked connections, and the addresses that
//! the user types.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::Peer;
use tokio::sync::oneshot;

use super::event::{FoundBy, FoundPeer, OfferEvent, SendState};
use crate::network::DiscoverySource;

/// Requests a parked connection `C`.
pub(super) type ConnectionRequest<C> = oneshot::Sender<oneshot::Sender<C>>;

/// Does something when it is dropped.
pub(super) struct OnDrop(Option<Box<dyn FnOnce() + Send + Sync>>);

impl OnDrop {
    pub(super) fn new(action: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(action)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(action) = self.0.take() {
            action();
        }
    }
}

/// A route to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Its parked connection, by connection number.
    Parked(u64),
    /// An address to dial.
    Dial(SocketAddr),
}

/// The maximum number of earlier announced addresses that are kept per receiver.
const MAX_EARLIER: usize = 3;

/// The list. `C` is a parked connection.
pub(super) struct Receivers<C> {
    entries: BTreeMap<Fingerprint, ReceiverEntry<C>>,
    connection_count: u64,
}

impl<C> Default for Receivers<C> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), connection_count: 0 }
    }
}

struct ReceiverEntry<C> {
    name: DeviceName,
    /// Whether the name was sent by the device itself, authenticated by its key.
    is_named: bool,
    addr: SocketAddr,
    mdns: Option<SocketAddr>,
    typed: Option<SocketAddr>,
    platform: Option<SocketAddr>,
    /// The address where the receiver last proved its key.
    proven: Option<SocketAddr>,
    /// Other announced addresses, newest first. Any device can forge an announcement.
    earlier: Vec<SocketAddr>,
    parked: Option<ParkedEntry<C>>,
    state: SendState,
}

struct ParkedEntry<C> {
    number: u64,
    /// Whether the receiver proved an invite of this session.
    is_invited: bool,
    /// `None` once the connection was requested.
    request: Option<ConnectionRequest<C>>,
}

impl<C> ReceiverEntry<C> {
    fn shown(&self, fingerprint: Fingerprint) -> FoundPeer {
        let by = FoundBy {
            mdns: self.mdns.is_some(),
            connected: self.parked.is_some(),
            invited: self.parked.as_ref().is_some_and(|parked| parked.is_invited),
            typed: self.typed.is_some(),
            platform: self.platform.is_some(),
        };
        FoundPeer { fingerprint, name: self.name.clone(), addr: self.addr, by }
    }

    /// The address that this discovery source announces.
    fn announced_by(&mut self, by: DiscoverySource) -> &mut Option<SocketAddr> {
        match by {
            DiscoverySource::Mdns => &mut self.mdns,
            DiscoverySource::Platform => &mut self.platform,
        }
    }

    /// The addresses to dial, the most reliable first: where it proved its key, where the user says it is, where it was
    /// announced.
    fn addrs(&self) -> impl Iterator<Item = SocketAddr> {
        let known = [self.proven, self.typed, self.mdns, self.platform].into_iter().flatten();
        known.chain(self.earlier.iter().copied())
    }

    /// Stores an announced address, and keeps the address from before.
    fn announce(&mut self, by: DiscoverySource, addr: SocketAddr) {
        let before = self.announced_by(by).replace(addr).filter(|before| *before != addr);
        self.earlier.retain(|other| *other != addr && Some(*other) != before);
        self.earlier.splice(0..0, before);
        self.earlier.truncate(MAX_EARLIER);
    }

    /// Stores a name that the device has sent under its key.
    fn set_name(&mut self, name: DeviceName) {
        (self.name, self.is_named) = (name, true);
    }
}

impl<C> Receivers<C> {
    /// The receiver announces itself. A name that the device sent itself takes precedence over the announced name.
    pub(super) fn announced(&mut self, by: DiscoverySource, peer: Peer) -> Option<OfferEvent> {
        self.found(peer.fingerprint, peer.name.clone(), peer.addr, |entry| {
            if !entry.is_named {
                entry.name = peer.name;
            }
            entry.announce(by, peer.addr);
            entry.addr = peer.addr;
        })
    }

    /// Its announcement has ended.
    pub(super) fn announcement_ended(&mut self, by: DiscoverySource, fingerprint: Fingerprint) -> Option<OfferEvent> {
        self.remove_source(fingerprint, |entry| *entry.announced_by(by) = None)
    }

    /// It answered at a typed address.
    pub(super) fn typed(&mut self, fingerprint: Fingerprint, name: DeviceName, addr: SocketAddr) -> Option<OfferEvent> {
        self.found(fingerprint, name.clone(), addr, |entry| {
            entry.set_name(name);
            (entry.typed, entry.addr) = (Some(addr), addr);
        })
    }

    /// It has a new parked connection, which replaces its earlier one: that one is dead even if this device has not
    /// noticed. Returns the connection number.
    pub(super) fn parked(
        &mut self,
        fingerprint: Fingerprint,
        name: DeviceName,
        from: SocketAddr,
        is_invited: bool,
        request: ConnectionRequest<C>,
    ) -> (u64, Option<OfferEvent>) {
        self.connection_count += 1;
        let number = self.connection_count;
        let event = self.found(fingerprint, name.clone(), from, |entry| {
            entry.set_name(name);
            entry.parked = Some(ParkedEntry { number, is_invited, request: Some(request) });
            if entry.addrs().next().is_none() {
                entry.addr = from;
            }
        });
        (number, event)
    }

    /// That connection is over.
    pub(super) fn disconnected(&mut self, fingerprint: Fingerprint, number: u64) -> Option<OfferEvent> {
        let is_latest = |parked: &ParkedEntry<C>| parked.number == number;
        if !self.entries.get(&fingerprint)?.parked.as_ref().is_some_and(is_latest) {
            return None;
        }
        self.remove_source(fingerprint, |entry| entry.parked = None)
    }

    /// The network is lost, so its announcements and proven addresses are no longer valid.
    pub(super) fn network_lost(&mut self) -> Vec<OfferEvent> {
        let all: Vec<_> = self.entries.keys().copied().collect();
        let forget = |entry: &mut ReceiverEntry<C>| {
            (entry.mdns, entry.platform, entry.proven) = (None, None, None);
            entry.earlier.clear();
        };
        all.into_iter().filter_map(|one| self.remove_source(one, forget)).collect()
    }

    /// It proved its key at this address.
    pub(super) fn proven(&mut self, fingerprint: Fingerprint, addr: SocketAddr) {
        if let Some(entry) = self.entries.get_mut(&fingerprint) {
            entry.proven = Some(addr);
        }
    }

    pub(super) fn shown(&self, fingerprint: Fingerprint) -> Option<FoundPeer> {
        self.entries.get(&fingerprint).map(|entry| entry.shown(fingerprint))
    }

    pub(super) fn state(&self, fingerprint: Fingerprint) -> Option<SendState> {
        self.entries.get(&fingerprint).map(|entry| entry.state.clone())
    }

    pub(super) fn enter(&mut self, fingerprint: Fingerprint, state: SendState) {
        if let Some(entry) = self.entries.get_mut(&fingerprint) {
            entry.state = state;
        }
    }

    pub(super) fn all(&self) -> Vec<(FoundPeer, SendState)> {
        let shown =
            |(fingerprint, entry): (&Fingerprint, &ReceiverEntry<C>)| (entry.shown(*fingerprint), entry.state.clone());
        self.entries.iter().map(shown).collect()
    }

    /// The routes to a receiver, the most reliable first: parked, proven, typed by the user, announced.
    pub(super) fn routes(&self, fingerprint: Fingerprint) -> Vec<Route> {
        let Some(entry) = self.entries.get(&fingerprint) else { return Vec::new() };
        let parked =
            entry.parked.as_ref().filter(|parked| parked.request.is_some()).map(|parked| Route::Parked(parked.number));
        let mut routes: Vec<_> = parked.into_iter().collect();
        for route in entry.addrs().map(Route::Dial) {
            if !routes.contains(&route) {
                routes.push(route);
            }
        }
        routes
    }

    /// Takes a parked connection to send over it.
    pub(super) fn take(&mut self, fingerprint: Fingerprint, number: u64) -> Option<ConnectionRequest<C>> {
        let parked = self.entries.get_mut(&fingerprint)?.parked.as_mut()?;
        if parked.number == number { parked.request.take() } else { None }
    }

    fn found(
        &mut self,
        fingerprint: Fingerprint,
        name: DeviceName,
        addr: SocketAddr,
        change: impl FnOnce(&mut ReceiverEntry<C>),
    ) -> Option<OfferEvent> {
        let before = self.shown(fingerprint);
        let entry = self.entries.entry(fingerprint).or_insert_with(|| ReceiverEntry {
            name,
            is_named: false,
            addr,
            mdns: None,
            typed: None,
            platform: None,
            proven: None,
            earlier: Vec::new(),
            parked: None,
            state: SendState::Found,
        });
        change(entry);
        let now = entry.shown(fingerprint);
        (before.as_ref() != Some(&now)).then_some(OfferEvent::Found(now))
    }

    /// Removes a way in which the receiver is found. A picked receiver stays on the list without any: its phone may
    /// only have turned off the screen, which must not end a transfer.
    fn remove_source(
        &mut self,
        fingerprint: Fingerprint,
        change: impl FnOnce(&mut ReceiverEntry<C>),
    ) -> Option<OfferEvent> {
        let entry = self.entries.get_mut(&fingerprint)?;
        let before = entry.shown(fingerprint);
        change(entry);
        let now = entry.shown(fingerprint);
        if now.by == before.by {
            return None;
        }
        if now.by != FoundBy::default() {
            return Some(OfferEvent::Found(now));
        }
        if entry.state == SendState::Found {
            self.entries.remove(&fingerprint);
        }
        Some(OfferEvent::Gone(fingerprint))
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_wire::Role;

    use super::*;

    const ASHA: Fingerprint = Fingerprint([1; 32]);

    fn addr(port: u16) -> SocketAddr {
        ([192, 168, 49, 2], port).into()
    }

    fn announcement(name: &str, port: u16) -> Peer {
        let name = DeviceName::new(name);
        Peer { fingerprint: ASHA, name, role: Role::Receiver, protocol: 1, session: 1, addr: addr(port) }
    }

    fn park(peers: &mut Receivers<()>, name: &str) -> u64 {
        peers.parked(ASHA, DeviceName::new(name), addr(50_000), false, oneshot::channel().0).0
    }

    fn by(peers: &Receivers<()>) -> Option<[bool; 4]> {
        peers.shown(ASHA).map(|FoundPeer { by, .. }| [by.mdns, by.connected, by.typed, by.platform])
    }

    #[test]
    fn lists_each_device_once_however_found() {
        let mut peers = Receivers::<()>::default();
        assert!(peers.announced(DiscoverySource::Mdns, announcement("Asha", 7000)).is_some());
        assert_eq!(peers.announced(DiscoverySource::Mdns, announcement("Asha", 7000)), None, "nothing new");
        let number = park(&mut peers, "Asha");
        peers.typed(ASHA, DeviceName::new("Asha"), addr(7000));
        peers.announced(DiscoverySource::Platform, announcement("Asha", 7001));
        assert_eq!((by(&peers), peers.all().len()), (Some([true; 4]), 1));
        assert_eq!(peers.routes(ASHA), [Route::Parked(number), Route::Dial(addr(7000)), Route::Dial(addr(7001))]);
        assert!(
            matches!(peers.announcement_ended(DiscoverySource::Mdns, ASHA), Some(OfferEvent::Found(_))),
            "the end of an announcement removes only that source"
        );
        assert_eq!(by(&peers), Some([false, true, true, true]));
        peers.disconnected(ASHA, number);
        assert_eq!(peers.network_lost().len(), 1, "platform discovery results are removed too");
        assert_eq!(by(&peers), Some([false, false, true, false]));
    }

    #[test]
    fn tries_every_address_announced_and_the_proven_one_first() {
        let mut peers = Receivers::<()>::default();
        let ports = |peers: &Receivers<()>| -> Vec<u16> {
            let port = |route: &Route| if let Route::Dial(addr) = route { addr.port() } else { 0 };
            peers.routes(ASHA).iter().map(port).collect()
        };
        for port in [7000, 666, 7000, 666] {
            peers.announced(DiscoverySource::Mdns, announcement("Asha", port)); // a spoofer and the receiver take turns
        }
        assert_eq!(ports(&peers), [666, 7000]);
        peers.proven(ASHA, addr(7000));
        assert_eq!(ports(&peers), [7000, 666]);
        (1..9).for_each(|port| _ = peers.announced(DiscoverySource::Mdns, announcement("Asha", port)));
        assert_eq!(ports(&peers), [7000, 8, 7, 6, 5], "forged addresses are limited and do not replace it");
        peers.network_lost();
        assert!(ports(&peers).is_empty());
    }

    #[test]
    fn removes_unpicked_receivers_that_are_not_found() {
        let mut peers = Receivers::<()>::default();
        peers.announced(DiscoverySource::Mdns, announcement("Asha", 7000));
        assert_eq!(peers.announcement_ended(DiscoverySource::Mdns, ASHA), Some(OfferEvent::Gone(ASHA)));
        assert_eq!(by(&peers), None);
        let number = park(&mut peers, "Asha");
        peers.enter(ASHA, SendState::Queued);
        assert_eq!(peers.disconnected(ASHA, number), Some(OfferEvent::Gone(ASHA)));
        assert_eq!((by(&peers), peers.state(ASHA)), (Some([false; 4]), Some(SendState::Queued)));
        assert_eq!(peers.routes(ASHA), []);
    }

    #[test]
    fn replaces_parked_connection_by_newer_one() {
        let mut peers = Receivers::<()>::default();
        let (old, new) = (park(&mut peers, "Asha"), park(&mut peers, "Asha"));
        assert_eq!(peers.disconnected(ASHA, old), None);
        assert!(peers.take(ASHA, old).is_none());
        assert_eq!(peers.routes(ASHA), [Route::Parked(new)]);
        assert!(peers.take(ASHA, new).is_some());
        assert_eq!(by(&peers), Some([false, true, false, false]), "it is still connected");
        assert_eq!(peers.routes(ASHA), [], "and in use");
    }

    #[test]
    fn prefers_authenticated_name_over_announced_name() {
        let mut peers = Receivers::<()>::default();
        park(&mut peers, "Asha");
        peers.announced(DiscoverySource::Mdns, announcement("Mallory", 9));
        assert_eq!(peers.shown(ASHA).unwrap().name.as_str(), "Asha");
    }
}
