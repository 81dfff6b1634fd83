//! Detects devices that use the same key because a data folder was copied. Data for one of them may then reach the
//! other, and a receipt does not show which of them has the data.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Connection, Identity, Interface, Peer, dial};
use fieldcast_wire::{EndReason, Message};
use tokio::time::timeout;

use super::connection::{Frame, Link};
use crate::task::Work;

/// The pause after a false suspicion, so that forged announcements cannot make this device dial continuously.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a device has to prove its key.
const PROOF: Duration = Duration::from_secs(5);
/// The maximum number of queued suspicions, because any device can forge announcements.
const MAX_SUSPICIONS: usize = 8;
/// The maximum number of devices whose last announcement is stored.
const MAX_DEVICES: usize = 512;

/// Devices that have proven the same key. All but one of them need a new identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedKey {
    /// The fingerprint of the key.
    pub fingerprint: Fingerprint,
    /// Whether this device also has the key.
    pub is_own: bool,
    /// The names of the devices, and the addresses where they proved the key.
    pub devices: Vec<(DeviceName, SocketAddr)>,
}

/// Detects shared keys by announcements on one network. An announcement is only a hint: each device must prove the key.
pub(crate) struct KeyWatch {
    identity: Identity,
    interface: Interface,
    last: BTreeMap<Fingerprint, Peer>,
    suspicions: VecDeque<Vec<Peer>>,
    reported: BTreeSet<Fingerprint>,
    proof: Option<Work<Option<SharedKey>>>,
}

impl KeyWatch {
    pub(crate) fn new(identity: &Identity, interface: &Interface) -> Self {
        Self {
            identity: identity.clone(),
            interface: interface.clone(),
            last: BTreeMap::new(),
            suspicions: VecDeque::new(),
            reported: BTreeSet::new(),
            proof: None,
        }
    }

    /// Handles an announcement of another process. Returns whether its key differs from this device's key.
    pub(crate) fn observe(&mut self, peer: &Peer) -> bool {
        let is_other = peer.fingerprint != self.identity.fingerprint();
        let suspects = match is_other {
            false => vec![peer.clone()],
            true => {
                if self.last.len() >= MAX_DEVICES && !self.last.contains_key(&peer.fingerprint) {
                    self.last.clear();
                }
                let before = self.last.insert(peer.fingerprint, peer.clone());
                // An app that restarted or moved also has a new session and address, but it no longer answers at the
                // old address.
                let differs = |before: &Peer| before.session != peer.session && before.addr != peer.addr;
                before.filter(differs).map_or_else(Vec::new, |before| vec![before, peer.clone()])
            }
        };
        if !suspects.is_empty() && !self.reported.contains(&peer.fingerprint) {
            // One suspicion per key. If the queue is full, the oldest is removed, because any device can fill the
            // queue.
            self.suspicions.retain(|queued| queued.first().is_none_or(|first| first.fingerprint != peer.fingerprint));
            self.suspicions.truncate(MAX_SUSPICIONS - 1);
            self.suspicions.push_front(suspects);
        }
        is_other
    }

    /// The next devices that have proven the same key; each key is reported once. Cancel safe.
    pub(crate) async fn next(&mut self) -> SharedKey {
        loop {
            if self.proof.is_none() {
                self.proof = self.suspicions.pop_back().map(|suspects| self.prove(suspects));
            }
            let proven = match &mut self.proof {
                Some(proof) => proof.await,
                None => std::future::pending().await,
            };
            self.proof = None;
            if let Some(shared) = proven.filter(|shared| self.reported.insert(shared.fingerprint)) {
                return shared;
            }
        }
    }

    /// Asks each device to prove the key; `None` if one cannot, or if two of them are the same process.
    fn prove(&self, suspects: Vec<Peer>) -> Work<Option<SharedKey>> {
        let (identity, interface) = (self.identity.clone(), self.interface.clone());
        Box::pin(async move {
            let own = identity.fingerprint();
            let mut sessions = BTreeSet::from([identity.session()]);
            let mut devices = Vec::new();
            let fingerprint = suspects.first()?.fingerprint;
            for Peer { name, addr, .. } in suspects {
                let dialed = dial(&interface, &identity, addr, Some(fingerprint), PROOF).await;
                let session = match dialed {
                    Ok(connection) => timeout(PROOF, session(connection, &identity)).await.ok().flatten(),
                    Err(_) => None,
                };
                // An unknown device can announce any address, even that of this device, or forward connections to the
                // owner of the key.
                if !session.is_some_and(|session| sessions.insert(session)) {
                    tokio::time::sleep(PAUSE).await;
                    return None;
                }
                devices.push((name, addr));
            }
            Some(SharedKey { fingerprint, is_own: fingerprint == own, devices })
        })
    }
}

/// Asks a device that has proven its key for its session, which identifies the process.
async fn session(connection: Connection, identity: &Identity) -> Option<u32> {
    let mut link = Link::new(connection);
    link.send(&Message::Stop(EndReason::Looked { session: identity.session() }));
    loop {
        match link.next().await {
            Ok(Frame::Message(Message::Stop(reason))) => return reason.session(),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_net::{Listener, choose_interface};
    use fieldcast_wire::Role;

    use super::*;

    /// A device that answers with its session, as real sessions do.
    async fn answering(identity: &Identity, interface: &Interface) -> SocketAddr {
        let mut listener = Listener::bind(interface, 0, identity).await.unwrap();
        let (addr, session) = (listener.addr(), identity.session());
        tokio::spawn(async move {
            while let Ok(connection) = listener.accept().await {
                Link::new(connection).stop(EndReason::SharedKey { session }).await;
            }
        });
        addr
    }

    fn announced(fingerprint: Fingerprint, session: u32, addr: SocketAddr) -> Peer {
        Peer { fingerprint, name: DeviceName::new("Asha"), role: Role::Receiver, protocol: 1, session, addr }
    }

    #[tokio::test]
    async fn ignores_forged_announcements_of_its_own_address() {
        let interface = choose_interface(Some("127.0.0.1")).unwrap();
        let (own, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let mut watch = KeyWatch::new(&own, &interface);
        let forged = announced(own.fingerprint(), own.session() ^ 1, answering(&own, &interface).await);
        assert!(!watch.observe(&forged));
        let [here, forwarded] = [answering(&other, &interface).await, answering(&other, &interface).await];
        assert!(watch.observe(&announced(other.fingerprint(), 1, here)));
        assert!(watch.observe(&announced(other.fingerprint(), 2, forwarded)));
        assert!(timeout(PAUSE * 3, watch.next()).await.is_err(), "each device is one process");
    }
}
