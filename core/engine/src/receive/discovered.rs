//! Distributors that announce themselves: one entry per fingerprint, with every discovery source.

use std::collections::BTreeMap;

use fieldcast_model::Fingerprint;
use fieldcast_net::DiscoveryEvent;

use super::event::{DiscoveredDistributor, ReceiveEvent};
use crate::network::DiscoverySource;

#[derive(Default)]
pub(super) struct DiscoveredDistributors(BTreeMap<Fingerprint, DiscoveredSources>);

#[derive(Default)]
struct DiscoveredSources {
    mdns: Option<DiscoveredDistributor>,
    platform: Option<DiscoveredDistributor>,
}

impl DiscoveredDistributors {
    /// Applies a discovery event and returns the event for the screen.
    pub(super) fn apply(&mut self, source: DiscoverySource, event: DiscoveryEvent) -> Option<ReceiveEvent> {
        let (who, found) = match event {
            DiscoveryEvent::Found(peer) => (peer.fingerprint, Some(DiscoveredDistributor::from(peer))),
            DiscoveryEvent::Lost(who) => (who, None),
        };
        let before = self.get(&who).cloned();
        let sources = self.0.entry(who).or_default();
        match source {
            DiscoverySource::Mdns => sources.mdns = found,
            DiscoverySource::Platform => sources.platform = found,
        }
        let Some(now) = self.get(&who).cloned() else {
            self.0.remove(&who);
            return before.map(|_| ReceiveEvent::DistributorLost(who));
        };
        (before.as_ref() != Some(&now)).then_some(ReceiveEvent::DistributorFound(now))
    }

    pub(super) fn get(&self, distributor: &Fingerprint) -> Option<&DiscoveredDistributor> {
        self.0.get(distributor).and_then(DiscoveredSources::shown)
    }

    pub(super) fn all(&self) -> Vec<DiscoveredDistributor> {
        self.0.values().filter_map(DiscoveredSources::shown).cloned().collect()
    }

    /// The network is lost: removes all distributors that were found on it.
    pub(super) fn clear(&mut self) -> Vec<ReceiveEvent> {
        std::mem::take(&mut self.0).into_keys().map(ReceiveEvent::DistributorLost).collect()
    }
}

impl DiscoveredSources {
    fn shown(&self) -> Option<&DiscoveredDistributor> {
        self.mdns.as_ref().or(self.platform.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_model::DeviceName;
    use fieldcast_net::Peer;
    use fieldcast_wire::Role;

    use super::*;

    const OTTO: Fingerprint = Fingerprint([7; 32]);

    fn seen(port: u16) -> DiscoveryEvent {
        let (name, addr) = (DeviceName::new("Otto"), ([192, 168, 49, 1], port).into());
        DiscoveryEvent::Found(Peer { fingerprint: OTTO, name, role: Role::Distributor, protocol: 1, session: 1, addr })
    }

    fn port_of(event: Option<ReceiveEvent>) -> Option<u16> {
        match event? {
            ReceiveEvent::DistributorFound(distributor) => Some(distributor.addr.port()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lists_distributor_while_any_source_finds_it() {
        let mut found = DiscoveredDistributors::default();
        assert_eq!(port_of(found.apply(DiscoverySource::Platform, seen(1))), Some(1));
        assert_eq!(port_of(found.apply(DiscoverySource::Mdns, seen(1))), None, "it is on the screen already");
        assert_eq!(port_of(found.apply(DiscoverySource::Mdns, seen(2))), Some(2));
        assert_eq!(found.all().len(), 1);
        assert_eq!(port_of(found.apply(DiscoverySource::Mdns, DiscoveryEvent::Lost(OTTO))), Some(1));
        assert_eq!(
            found.apply(DiscoverySource::Platform, DiscoveryEvent::Lost(OTTO)),
            Some(ReceiveEvent::DistributorLost(OTTO))
        );
        assert_eq!((found.apply(DiscoverySource::Platform, DiscoveryEvent::Lost(OTTO)), found.all()), (None, vec![]));
        found.apply(DiscoverySource::Platform, seen(1));
        assert_eq!(found.clear(), [ReceiveEvent::DistributorLost(OTTO)]);
        assert_eq!(found.get(&OTTO), None);
    }
}
