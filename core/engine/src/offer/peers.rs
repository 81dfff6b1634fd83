//! The list of receivers: one entry a fingerprint, with every way it was found and how sending to it stands.
//!
//! Each way is bounded where it comes in: what mDNS and the phone have in view, how many may be on the line, what a person types.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::Peer;
use tokio::sync::oneshot;

use super::parked::ParkedConnection;
use super::{FoundBy, FoundPeer, OfferEvent, SendState};
use crate::discovery::DiscoverySource;

/// Where to ask for a connection that waits on the line.
pub(super) type Waiting = oneshot::Sender<oneshot::Sender<ParkedConnection>>;

/// A way to come to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// It waits on the line; each call has its number.
    Line(u64),
    /// It is to be called.
    Call(SocketAddr),
}

/// The most addresses kept of where a receiver was announced before.
const MOST_EARLIER: usize = 3;

#[derive(Default)]
pub(super) struct Peers {
    entries: BTreeMap<Fingerprint, Entry>,
    calls: u64,
}

struct Entry {
    name: DeviceName,
    /// Whether the device itself has said its name, under its key.
    is_named: bool,
    addr: SocketAddr,
    mdns: Option<SocketAddr>,
    typed: Option<SocketAddr>,
    platform: Option<SocketAddr>,
    /// Where its key was proven last.
    proven: Option<SocketAddr>,
    /// Where else it was announced to be, the newest first: anybody can announce it elsewhere.
    earlier: Vec<SocketAddr>,
    call: Option<Call>,
    state: SendState,
}

struct Call {
    number: u64,
    /// Until somebody has asked for the connection.
    waiting: Option<Waiting>,
}

impl Entry {
    fn shown(&self, fingerprint: Fingerprint) -> FoundPeer {
        let by = FoundBy {
            mdns: self.mdns.is_some(),
            called_in: self.call.is_some(),
            typed: self.typed.is_some(),
            platform: self.platform.is_some(),
        };
        FoundPeer { fingerprint, name: self.name.clone(), addr: self.addr, by }
    }

    /// Where those who tell of announcements say it is.
    fn announced(&mut self, by: DiscoverySource) -> &mut Option<SocketAddr> {
        match by {
            DiscoverySource::Mdns => &mut self.mdns,
            DiscoverySource::Platform => &mut self.platform,
        }
    }

    /// Where it may be called, the surest first: it has proven its key there, a user knows it to be there, it was announced.
    fn addrs(&self) -> impl Iterator<Item = SocketAddr> {
        let known = [self.proven, self.typed, self.mdns, self.platform].into_iter().flatten();
        known.chain(self.earlier.iter().copied())
    }

    /// Takes an announcement, and keeps where it was announced before.
    fn announce(&mut self, by: DiscoverySource, addr: SocketAddr) {
        let before = self.announced(by).replace(addr).filter(|before| *before != addr);
        self.earlier.retain(|other| *other != addr && Some(*other) != before);
        self.earlier.splice(0..0, before);
        self.earlier.truncate(MOST_EARLIER);
    }

    /// Takes a name the device has said under its key.
    fn is_called(&mut self, name: DeviceName) {
        (self.name, self.is_named) = (name, true);
    }
}

impl Peers {
    /// It announces itself. Its name is a hint: one it has said itself counts more.
    pub(super) fn seen(&mut self, by: DiscoverySource, peer: Peer) -> Option<OfferEvent> {
        self.found(peer.fingerprint, peer.name.clone(), peer.addr, |entry| {
            if !entry.is_named {
                entry.name = peer.name;
            }
            entry.announce(by, peer.addr);
            entry.addr = peer.addr;
        })
    }

    /// Its announcement has ended.
    pub(super) fn unseen(&mut self, by: DiscoverySource, fingerprint: Fingerprint) -> Option<OfferEvent> {
        self.less(fingerprint, |entry| *entry.announced(by) = None)
    }

    /// It answered at an address that was typed.
    pub(super) fn typed(&mut self, fingerprint: Fingerprint, name: DeviceName, addr: SocketAddr) -> Option<OfferEvent> {
        self.found(fingerprint, name.clone(), addr, |entry| {
            entry.is_called(name);
            (entry.typed, entry.addr) = (Some(addr), addr);
        })
    }

    /// It is on the line. An earlier line of its own is dead, noticed or not. Gives the call's number.
    pub(super) fn called(
        &mut self,
        fingerprint: Fingerprint,
        name: DeviceName,
        from: SocketAddr,
        waiting: Waiting,
    ) -> (u64, Option<OfferEvent>) {
        self.calls += 1;
        let number = self.calls;
        let event = self.found(fingerprint, name.clone(), from, |entry| {
            entry.is_called(name);
            entry.call = Some(Call { number, waiting: Some(waiting) });
            if entry.addrs().next().is_none() {
                entry.addr = from;
            }
        });
        (number, event)
    }

    /// That call is over.
    pub(super) fn disconnected(&mut self, fingerprint: Fingerprint, number: u64) -> Option<OfferEvent> {
        let is_latest = |call: &Call| call.number == number;
        if !self.entries.get(&fingerprint)?.call.as_ref().is_some_and(is_latest) {
            return None;
        }
        self.less(fingerprint, |entry| entry.call = None)
    }

    /// The network has gone, and what was heard on it holds no longer.
    pub(super) fn network_gone(&mut self) -> Vec<OfferEvent> {
        let all: Vec<_> = self.entries.keys().copied().collect();
        let forget = |entry: &mut Entry| {
            (entry.mdns, entry.platform, entry.proven) = (None, None, None);
            entry.earlier.clear();
        };
        all.into_iter().filter_map(|one| self.less(one, forget)).collect()
    }

    /// It has proven its key there.
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
        let shown = |(fingerprint, entry): (&Fingerprint, &Entry)| (entry.shown(*fingerprint), entry.state.clone());
        self.entries.iter().map(shown).collect()
    }

    /// The ways to a receiver, the surest first: it is there, a person knows it to be there, it was heard of.
    pub(super) fn routes(&self, fingerprint: Fingerprint) -> Vec<Route> {
        let Some(entry) = self.entries.get(&fingerprint) else { return Vec::new() };
        let line = entry.call.as_ref().filter(|call| call.waiting.is_some()).map(|call| Route::Line(call.number));
        let mut routes: Vec<_> = line.into_iter().collect();
        for route in entry.addrs().map(Route::Call) {
            if !routes.contains(&route) {
                routes.push(route);
            }
        }
        routes
    }

    /// Takes a receiver off the line to send to it.
    pub(super) fn take(&mut self, fingerprint: Fingerprint, number: u64) -> Option<Waiting> {
        let call = self.entries.get_mut(&fingerprint)?.call.as_mut()?;
        if call.number == number { call.waiting.take() } else { None }
    }

    fn found(
        &mut self,
        fingerprint: Fingerprint,
        name: DeviceName,
        addr: SocketAddr,
        change: impl FnOnce(&mut Entry),
    ) -> Option<OfferEvent> {
        let before = self.shown(fingerprint);
        let entry = self.entries.entry(fingerprint).or_insert_with(|| Entry {
            name,
            is_named: false,
            addr,
            mdns: None,
            typed: None,
            platform: None,
            proven: None,
            earlier: Vec::new(),
            call: None,
            state: SendState::Found,
        });
        change(entry);
        let now = entry.shown(fingerprint);
        (before.as_ref() != Some(&now)).then_some(OfferEvent::Found(now))
    }

    /// Takes a way of finding away. Whoever was picked stays on the list without any: a goodbye may be a phone's screen
    /// going dark, and ends no transfer.
    fn less(&mut self, fingerprint: Fingerprint, change: impl FnOnce(&mut Entry)) -> Option<OfferEvent> {
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

    fn heard(name: &str, port: u16) -> Peer {
        let name = DeviceName::new(name);
        Peer { fingerprint: ASHA, name, role: Role::Receiver, protocol: 1, session: 1, addr: addr(port) }
    }

    fn call(peers: &mut Peers, name: &str) -> u64 {
        peers.called(ASHA, DeviceName::new(name), addr(50_000), oneshot::channel().0).0
    }

    fn by(peers: &Peers) -> Option<[bool; 4]> {
        peers.shown(ASHA).map(|FoundPeer { by, .. }| [by.mdns, by.called_in, by.typed, by.platform])
    }

    #[test]
    fn one_device_is_one_entry_however_it_was_found() {
        let mut peers = Peers::default();
        assert!(peers.seen(DiscoverySource::Mdns, heard("Asha", 7000)).is_some());
        assert_eq!(peers.seen(DiscoverySource::Mdns, heard("Asha", 7000)), None, "nothing new");
        let number = call(&mut peers, "Asha");
        peers.typed(ASHA, DeviceName::new("Asha"), addr(7000));
        peers.seen(DiscoverySource::Platform, heard("Asha", 7001));
        assert_eq!((by(&peers), peers.all().len()), (Some([true; 4]), 1));
        assert_eq!(peers.routes(ASHA), [Route::Line(number), Route::Call(addr(7000)), Route::Call(addr(7001))]);
        assert!(
            matches!(peers.unseen(DiscoverySource::Mdns, ASHA), Some(OfferEvent::Found(_))),
            "a goodbye takes away what it gave"
        );
        assert_eq!(by(&peers), Some([false, true, true, true]));
        peers.disconnected(ASHA, number);
        assert_eq!(peers.network_gone().len(), 1, "what the phone told of is not there any more either");
        assert_eq!(by(&peers), Some([false, false, true, false]));
    }

    #[test]
    fn tries_every_address_announced_and_the_proven_one_first() {
        let mut peers = Peers::default();
        let ports = |peers: &Peers| -> Vec<u16> {
            let port = |route: &Route| if let Route::Call(addr) = route { addr.port() } else { 0 };
            peers.routes(ASHA).iter().map(port).collect()
        };
        for port in [7000, 666, 7000, 666] {
            peers.seen(DiscoverySource::Mdns, heard("Asha", port)); // a spoofer and the receiver take turns
        }
        assert_eq!(ports(&peers), [666, 7000]);
        peers.proven(ASHA, addr(7000));
        assert_eq!(ports(&peers), [7000, 666]);
        (1..9).for_each(|port| _ = peers.seen(DiscoverySource::Mdns, heard("Asha", port)));
        assert_eq!(ports(&peers), [7000, 8, 7, 6, 5], "a flood does not push it out, and is bounded");
        peers.network_gone();
        assert!(ports(&peers).is_empty());
    }

    #[test]
    fn who_is_found_in_no_way_is_off_the_list_unless_picked() {
        let mut peers = Peers::default();
        peers.seen(DiscoverySource::Mdns, heard("Asha", 7000));
        assert_eq!(peers.unseen(DiscoverySource::Mdns, ASHA), Some(OfferEvent::Gone(ASHA)));
        assert_eq!(by(&peers), None);
        let number = call(&mut peers, "Asha");
        peers.enter(ASHA, SendState::Queued);
        assert_eq!(peers.disconnected(ASHA, number), Some(OfferEvent::Gone(ASHA)));
        assert_eq!((by(&peers), peers.state(ASHA)), (Some([false; 4]), Some(SendState::Queued)));
        assert_eq!(peers.routes(ASHA), []);
    }

    #[test]
    fn a_new_call_takes_the_place_of_the_old_one_whose_end_then_means_nothing() {
        let mut peers = Peers::default();
        let (old, new) = (call(&mut peers, "Asha"), call(&mut peers, "Asha"));
        assert_eq!(peers.disconnected(ASHA, old), None);
        assert!(peers.take(ASHA, old).is_none());
        assert_eq!(peers.routes(ASHA), [Route::Line(new)]);
        assert!(peers.take(ASHA, new).is_some());
        assert_eq!(by(&peers), Some([false, true, false, false]), "it is still on the line");
        assert_eq!(peers.routes(ASHA), [], "and in use");
    }

    #[test]
    fn what_a_device_calls_itself_counts_more_than_what_is_announced_of_it() {
        let mut peers = Peers::default();
        call(&mut peers, "Asha");
        peers.seen(DiscoverySource::Mdns, heard("Mallory", 9));
        assert_eq!(peers.shown(ASHA).unwrap().name.as_str(), "Asha");
    }
}
