//! How a device announces itself and finds other devices on one network: by mDNS, by the phone's platform discovery, or
//! by both.

use fieldcast_model::Fingerprint;
use fieldcast_net::{
    Announced, Announcement, Browser, DiscoveryEvent, Error as NetworkError, Identity, Interface, PlatformSearch,
    announce, browse, search,
};
use fieldcast_wire::{PROTOCOL, Role};

use super::shared_key::{KeyWatch, SharedKey};
use crate::ExchangeSettings;

/// The source of a discovery event. Each source reports separately when a device appears and disappears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiscoverySource {
    Mdns,
    Platform,
}

/// A result of a search.
pub(crate) enum Found {
    /// A device appeared, changed or disappeared.
    DiscoveryEvent(DiscoverySource, DiscoveryEvent),
    /// Several devices use the same key.
    SharedKey(SharedKey),
}

/// A running announcement and search. Dropping it stops both.
pub(crate) struct Search {
    keys: KeyWatch,
    mdns: Option<(Browser, Announced)>,
    platform: Option<PlatformSearch>,
}

impl Search {
    /// Announces this device in its role and searches for devices in the other role.
    pub(crate) fn start(
        interface: &Interface,
        settings: &ExchangeSettings,
        identity: &Identity,
        role: Role,
        port: u16,
    ) -> Result<Self, NetworkError> {
        let (fingerprint, session) = (identity.fingerprint(), identity.session());
        let name = settings.name.clone();
        let announcement = Announcement { fingerprint, name, role, port, protocol: PROTOCOL, session };
        let other = match role {
            Role::Distributor => Role::Receiver,
            Role::Receiver => Role::Distributor,
        };
        let mdns = settings.mdns.then(|| {
            let browser = browse(interface, other, Some(&announcement), settings.wanted.clone())?;
            Ok((browser, announce(interface, &announcement)?))
        });
        let discovery = settings.discovery.as_deref();
        let mdns = match mdns.transpose() {
            // The phone may block multicast for apps but can still search by platform discovery.
            Err(error @ (NetworkError::Permission | NetworkError::Discovery { .. })) if discovery.is_some() => {
                tracing::warn!(%error, "mDNS is not available: only platform discovery finds devices");
                None
            }
            mdns => mdns?,
        };
        let keys = KeyWatch::new(identity, interface);
        let search = |discovery| search(discovery, interface, &announcement, other, settings.wanted.clone());
        Ok(Self { keys, mdns, platform: discovery.map(search) })
    }

    /// The next result; pends forever if no more can come. Cancel safe.
    pub(crate) async fn next(&mut self) -> Found {
        loop {
            let (source, event) = tokio::select! {
                event = next_event(&mut self.mdns, &mut self.platform) => event,
                shared = self.keys.next() => return Found::SharedKey(shared),
            };
            match &event {
                DiscoveryEvent::Found(peer) if !self.keys.observe(peer) => {}
                _ => return Found::DiscoveryEvent(source, event),
            }
        }
    }

    /// Makes mDNS check that a device is still present. Platform discovery has no such check.
    pub(crate) fn reverify(&self, fingerprint: &Fingerprint) {
        if let Some((browser, _)) = &self.mdns {
            browser.reverify(fingerprint);
        }
    }
}

/// The next discovery event from either source.
async fn next_event(
    mdns: &mut Option<(Browser, Announced)>,
    platform: &mut Option<PlatformSearch>,
) -> (DiscoverySource, DiscoveryEvent) {
    let from_mdns = async {
        let event = match mdns {
            Some((browser, _)) => browser.next().await,
            None => None,
        };
        match event {
            Some(event) => event,
            None => std::future::pending().await,
        }
    };
    let from_platform = async {
        match platform {
            Some(search) => search.next().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        event = from_mdns => (DiscoverySource::Mdns, event),
        event = from_platform => (DiscoverySource::Platform, event),
    }
}
