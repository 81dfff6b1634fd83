//! Devices that have one key, because the data folder of one was copied to the other. What is meant for one of them may then
//! reach the other, and a receipt does not say which of them has the data.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Connection, Identity, Interface, Peer, dial};
use fieldcast_wire::{EndReason, Message};
use tokio::time::timeout;

use crate::link::{Frame, Link};
use crate::task::Work;

/// The pause after a suspicion that was wrong, so that announcements do not make this device dial without end.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a device has to prove its key.
const PROOF: Duration = Duration::from_secs(5);
/// The most suspicions that wait to be looked into: anybody can announce anything.
const MOST_SUSPICIONS: usize = 8;
/// The most devices whose last announcement is known.
const MOST_DEVICES: usize = 512;

/// Devices that have proven one and the same key. One of them has to get a new identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedKey {
    /// The key's.
    pub fingerprint: Fingerprint,
    /// Whether this device, too, has it.
    pub is_own: bool,
    /// What they call themselves, and where they have proven the key.
    pub devices: Vec<(DeviceName, SocketAddr)>,
}

/// Recognises them by their announcements, on one network. An announcement is only a hint: each device must prove the key.
pub(crate) struct KeyWatch {
    identity: Identity,
    interface: Interface,
    heartbeat: Duration,
    last: BTreeMap<Fingerprint, Peer>,
    suspicions: VecDeque<Vec<Peer>>,
    told: BTreeSet<Fingerprint>,
    proof: Option<Work<Option<SharedKey>>>,
}

impl KeyWatch {
    pub(crate) fn new(identity: &Identity, interface: &Interface, heartbeat: Duration) -> Self {
        Self {
            identity: identity.clone(),
            interface: interface.clone(),
            heartbeat,
            last: BTreeMap::new(),
            suspicions: VecDeque::new(),
            told: BTreeSet::new(),
            proof: None,
        }
    }

    /// Takes an announcement of another process; tells whether it has another key than this device.
    pub(crate) fn heard(&mut self, peer: &Peer) -> bool {
        let is_other = peer.fingerprint != self.identity.fingerprint();
        let suspects = match is_other {
            false => vec![peer.clone()],
            true => {
                if self.last.len() >= MOST_DEVICES && !self.last.contains_key(&peer.fingerprint) {
                    self.last.clear();
                }
                let before = self.last.insert(peer.fingerprint, peer.clone());
                // An app that was started again, and one that moved, are elsewhere, too; but no longer where they were.
                let differs = |before: &Peer| before.session != peer.session && before.addr != peer.addr;
                before.filter(differs).map_or_else(Vec::new, |before| vec![before, peer.clone()])
            }
        };
        if !suspects.is_empty() && !self.told.contains(&peer.fingerprint) {
            // One suspicion for each key. The oldest gives way: anybody can fill the queue.
            self.suspicions.retain(|queued| queued.first().is_none_or(|first| first.fingerprint != peer.fingerprint));
            self.suspicions.truncate(MOST_SUSPICIONS - 1);
            self.suspicions.push_front(suspects);
        }
        is_other
    }

    /// The next devices that have proven one key; each key is told once. May be dropped half way and called again.
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
            if let Some(shared) = proven.filter(|shared| self.told.insert(shared.fingerprint)) {
                return shared;
            }
        }
    }

    /// Has each of them prove the key; `None` if one does not, or if two of them are one process.
    fn prove(&self, suspects: Vec<Peer>) -> Work<Option<SharedKey>> {
        let (identity, interface, heartbeat) = (self.identity.clone(), self.interface.clone(), self.heartbeat);
        Box::pin(async move {
            let own = identity.fingerprint();
            let mut sessions = BTreeSet::from([identity.session()]);
            let mut devices = Vec::new();
            let fingerprint = suspects.first()?.fingerprint;
            for Peer { name, addr, .. } in suspects {
                let dialed = dial(&interface, &identity, addr, Some(fingerprint), PROOF).await;
                let session = match dialed {
                    Ok(connection) => timeout(PROOF, session(connection, &identity, heartbeat)).await.ok().flatten(),
                    Err(_) => None,
                };
                // A stranger can announce any address, also that of this device, or forward to the owner of the key.
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

/// Asks a device that has proven its key which process it is.
async fn session(connection: Connection, identity: &Identity, heartbeat: Duration) -> Option<u32> {
    let mut link = Link::new(connection, heartbeat);
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

    /// A device that answers who it is, as sessions do.
    async fn answering(identity: &Identity, interface: &Interface) -> SocketAddr {
        let mut listener = Listener::bind(interface, 0, identity).await.unwrap();
        let (addr, session) = (listener.addr(), identity.session());
        tokio::spawn(async move {
            while let Ok(connection) = listener.accept().await {
                let link = Link::new(connection, Duration::from_secs(1));
                link.send(&Message::Stop(EndReason::SharedKey { session }));
                link.close().await;
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
        let mut watch = KeyWatch::new(&own, &interface, Duration::from_secs(1));
        let forged = announced(own.fingerprint(), own.session() ^ 1, answering(&own, &interface).await);
        assert!(!watch.heard(&forged));
        let [here, forwarded] = [answering(&other, &interface).await, answering(&other, &interface).await];
        assert!(watch.heard(&announced(other.fingerprint(), 1, here)));
        assert!(watch.heard(&announced(other.fingerprint(), 2, forwarded)));
        assert!(timeout(PAUSE * 3, watch.next()).await.is_err(), "each is one process");
    }
}
