//! Distributors that announce themselves: one entry a fingerprint, with every way it is heard.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Peer, Sighting};

use super::event::ReceiveEvent;
use crate::search::By;

/// A distributor that announces itself. What it says is a hint that anybody can forge; a call proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardDistributor {
    /// Who it says it is.
    pub fingerprint: Fingerprint,
    /// What it calls itself.
    pub name: DeviceName,
    /// Where it listens for receivers that call in.
    pub addr: SocketAddr,
}

impl From<Peer> for HeardDistributor {
    fn from(Peer { fingerprint, name, addr, .. }: Peer) -> Self {
        Self { fingerprint, name, addr }
    }
}

#[derive(Default)]
pub(super) struct Heard(BTreeMap<Fingerprint, Ways>);

#[derive(Default)]
struct Ways {
    mdns: Option<HeardDistributor>,
    platform: Option<HeardDistributor>,
}

impl Heard {
    /// Takes what is heard of a distributor, and says what that changes for a screen.
    pub(super) fn take(&mut self, by: By, sighting: Sighting) -> Option<ReceiveEvent> {
        let (who, heard) = match sighting {
            Sighting::Seen(peer) => (peer.fingerprint, Some(HeardDistributor::from(peer))),
            Sighting::Gone(who) => (who, None),
        };
        let before = self.get(&who).cloned();
        let ways = self.0.entry(who).or_default();
        match by {
            By::Mdns => ways.mdns = heard,
            By::Platform => ways.platform = heard,
        }
        let Some(now) = self.get(&who).cloned() else {
            self.0.remove(&who);
            return before.map(|_| ReceiveEvent::HeardNoMore(who));
        };
        (before.as_ref() != Some(&now)).then_some(ReceiveEvent::Heard(now))
    }

    pub(super) fn get(&self, distributor: &Fingerprint) -> Option<&HeardDistributor> {
        self.0.get(distributor).and_then(Ways::shown)
    }

    pub(super) fn all(&self) -> Vec<HeardDistributor> {
        self.0.values().filter_map(Ways::shown).cloned().collect()
    }

    /// The network has gone, and whoever was heard on it.
    pub(super) fn clear(&mut self) -> Vec<ReceiveEvent> {
        std::mem::take(&mut self.0).into_keys().map(ReceiveEvent::HeardNoMore).collect()
    }
}

impl Ways {
    fn shown(&self) -> Option<&HeardDistributor> {
        self.mdns.as_ref().or(self.platform.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_wire::Role;

    use super::*;

    const OTTO: Fingerprint = Fingerprint([7; 32]);

    fn seen(port: u16) -> Sighting {
        let (name, addr) = (DeviceName::new("Otto"), ([192, 168, 49, 1], port).into());
        Sighting::Seen(Peer { fingerprint: OTTO, name, role: Role::Distributor, protocol: 1, session: 1, addr })
    }

    fn told(event: Option<ReceiveEvent>) -> Option<u16> {
        match event? {
            ReceiveEvent::Heard(distributor) => Some(distributor.addr.port()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_distributor_is_heard_as_long_as_one_way_holds() {
        let mut heard = Heard::default();
        assert_eq!(told(heard.take(By::Platform, seen(1))), Some(1));
        assert_eq!(told(heard.take(By::Mdns, seen(1))), None, "it is on the screen already");
        assert_eq!(told(heard.take(By::Mdns, seen(2))), Some(2));
        assert_eq!(heard.all().len(), 1);
        assert_eq!(told(heard.take(By::Mdns, Sighting::Gone(OTTO))), Some(1));
        assert_eq!(heard.take(By::Platform, Sighting::Gone(OTTO)), Some(ReceiveEvent::HeardNoMore(OTTO)));
        assert_eq!((heard.take(By::Platform, Sighting::Gone(OTTO)), heard.all()), (None, vec![]));
        heard.take(By::Platform, seen(1));
        assert_eq!(heard.clear(), [ReceiveEvent::HeardNoMore(OTTO)]);
        assert_eq!(heard.get(&OTTO), None);
    }
}
