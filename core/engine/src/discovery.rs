//! How devices announce themselves and find others on one network: by mDNS, by the phone's own means, or both.

use fieldcast_model::Fingerprint;
use fieldcast_net::{
    Announced, Announcement, Browser, DiscoveryEvent, Error as NetworkError, Identity, Interface, PlatformSearch,
    announce, browse, search,
};
use fieldcast_wire::{PROTOCOL, Role};

use crate::ExchangeSettings;
use crate::shared_key::{KeyWatch, SharedKey};

/// Who tells of a device. Each tells by itself of its coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiscoverySource {
    Mdns,
    Platform,
}

/// What a search finds.
pub(crate) enum Found {
    /// A change in which other devices are there.
    DiscoveryEvent(DiscoverySource, DiscoveryEvent),
    /// Devices that have one key.
    SharedKey(SharedKey),
}

/// An announcement and a search, standing until dropped.
pub(crate) struct Search {
    keys: KeyWatch,
    mdns: Option<(Browser, Announced)>,
    platform: Option<PlatformSearch>,
}

impl Search {
    /// Announces this device in its role and searches for those in the other.
    pub(crate) fn on(
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
            // The phone may keep multicast to itself and still search for us.
            Err(error @ (NetworkError::Permission | NetworkError::Discovery { .. })) if discovery.is_some() => {
                tracing::warn!(%error, "no mDNS of our own: devices are found by the phone alone");
                None
            }
            mdns => mdns?,
        };
        let keys = KeyWatch::new(identity, interface, settings.limits.heartbeat);
        let search = |discovery| search(discovery, interface, &announcement, other, settings.wanted.clone());
        Ok(Self { keys, mdns, platform: discovery.map(search) })
    }

    /// What is found next; never, once nothing more can come. May be dropped half way and called again.
    pub(crate) async fn next(&mut self) -> Found {
        loop {
            let (by, sighting) = tokio::select! {
                sighting = sighting(&mut self.mdns, &mut self.platform) => sighting,
                shared = self.keys.next() => return Found::SharedKey(shared),
            };
            match &sighting {
                DiscoveryEvent::Found(peer) if !self.keys.heard(peer) => {}
                _ => return Found::DiscoveryEvent(by, sighting),
            }
        }
    }

    /// Has a device prove that it is still there, as far as this can be asked for.
    pub(crate) fn reverify(&self, fingerprint: &Fingerprint) {
        if let Some((browser, _)) = &self.mdns {
            browser.reverify(fingerprint);
        }
    }
}

/// The next change in who is there.
async fn sighting(
    mdns: &mut Option<(Browser, Announced)>,
    platform: &mut Option<PlatformSearch>,
) -> (DiscoverySource, DiscoveryEvent) {
    let heard = async {
        let heard = match mdns {
            Some((browser, _)) => browser.next().await,
            None => None,
        };
        match heard {
            Some(sighting) => sighting,
            None => std::future::pending().await,
        }
    };
    let found = async {
        match platform {
            Some(search) => search.next().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        sighting = heard => (DiscoverySource::Mdns, sighting),
        sighting = found => (DiscoverySource::Platform, sighting),
    }
}
