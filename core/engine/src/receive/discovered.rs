//! Distributors that announce themselves: one entry a fingerprint, with every way it is heard.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{DiscoveryEvent, Peer};

use super::event::ReceiveEvent;
use crate::discovery::DiscoverySource;

/// A distributor that announces itself. What it says is a hint that anybody can forge; a call proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredDistributor {
    /// Who it says it is.
    pub fingerprint: Fingerprint,
    /// What it calls itself.
    pub name: DeviceName,
    /// Where it listens for receivers that call in.
    pub addr: SocketAddr,
}

impl From<Peer> for DiscoveredDistributor {
    fn from(Peer { fingerprint, name, addr, .. }: Peer) -> Self {
        Self { fingerprint, name, addr }
    }
}

#[derive(Default)]
pub(super) struct DiscoveredDistributors(BTreeMap<Fingerprint, Ways>);

#[derive(Default)]
struct Ways {
    mdns: Option<DiscoveredDistributor>,
    platform: Option<DiscoveredDistributor>,
}

impl DiscoveredDistributors {
    /// Takes what is heard of a distributor, and says what that changes for a screen.
    pub(super) fn take(&mut self, by: DiscoverySource, sighting: DiscoveryEvent) -> Option<ReceiveEvent> {
        let (who, heard) = match sighting {
            DiscoveryEvent::Found(peer) => (peer.fingerprint, Some(DiscoveredDistributor::from(peer))),
            DiscoveryEvent::Lost(who) => (who, None),
        };
        let before = self.get(&who).cloned();
        let ways = self.0.entry(who).or_default();
        match by {
            DiscoverySource::Mdns => ways.mdns = heard,
            DiscoverySource::Platform => ways.platform = heard,
        }
        let Some(now) = self.get(&who).cloned() else {
            self.0.remove(&who);
            return before.map(|_| ReceiveEvent::DistributorLost(who));
        };
        (before.as_ref() != Some(&now)).then_some(ReceiveEvent::DistributorFound(now))
    }

    pub(super) fn get(&self, distributor: &Fingerprint) -> Option<&DiscoveredDistributor> {
        self.0.get(distributor).and_then(Ways::shown)
    }

    pub(super) fn all(&self) -> Vec<DiscoveredDistributor> {
        self.0.values().filter_map(Ways::shown).cloned().collect()
    }

    /// The network has gone, and whoever was heard on it.
    pub(super) fn clear(&mut self) -> Vec<ReceiveEvent> {
        std::mem::take(&mut self.0).into_keys().map(ReceiveEvent::DistributorLost).collect()
    }
}

impl Ways {
    fn shown(&self) -> Option<&DiscoveredDistributor> {
        self.mdns.as_ref().or(self.platform.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_wire::Role;

    use super::*;

    const OTTO: Fingerprint = Fingerprint([7; 32]);

    fn seen(port: u16) -> DiscoveryEvent {
        let (name, addr) = (DeviceName::new("Otto"), ([192, 168, 49, 1], port).into());
        DiscoveryEvent::Found(Peer { fingerprint: OTTO, name, role: Role::Distributor, protocol: 1, session: 1, addr })
    }

    fn told(event: Option<ReceiveEvent>) -> Option<u16> {
        match event? {
            ReceiveEvent::DistributorFound(distributor) => Some(distributor.addr.port()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_distributor_is_heard_as_long_as_one_way_holds() {
        let mut heard = DiscoveredDistributors::default();
        assert_eq!(told(heard.take(DiscoverySource::Platform, seen(1))), Some(1));
        assert_eq!(told(heard.take(DiscoverySource::Mdns, seen(1))), None, "it is on the screen already");
        assert_eq!(told(heard.take(DiscoverySource::Mdns, seen(2))), Some(2));
        assert_eq!(heard.all().len(), 1);
        assert_eq!(told(heard.take(DiscoverySource::Mdns, DiscoveryEvent::Lost(OTTO))), Some(1));
        assert_eq!(
            heard.take(DiscoverySource::Platform, DiscoveryEvent::Lost(OTTO)),
            Some(ReceiveEvent::DistributorLost(OTTO))
        );
        assert_eq!((heard.take(DiscoverySource::Platform, DiscoveryEvent::Lost(OTTO)), heard.all()), (None, vec![]));
        heard.take(DiscoverySource::Platform, seen(1));
        assert_eq!(heard.clear(), [ReceiveEvent::DistributorLost(OTTO)]);
        assert_eq!(heard.get(&OTTO), None);
    }
}
