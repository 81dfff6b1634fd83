//! Devices that have one key, because the data folder of one was copied to the other. What is meant for one of them may then
//! reach the other, and a receipt does not say which of them has the data.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Identity, Interface, Peer, dial};
use fieldcast_wire::{EndReason, Message};

use crate::link::Link;
use crate::task::Work;

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
        if !suspects.is_empty() && !self.told.contains(&peer.fingerprint) && self.suspicions.len() < MOST_SUSPICIONS {
            self.suspicions.push_back(suspects);
        }
        is_other
    }

    /// The next devices that have proven one key; each key is told once. May be dropped half way and called again.
    pub(crate) async fn next(&mut self) -> SharedKey {
        loop {
            if self.proof.is_none() {
                self.proof = self.suspicions.pop_front().map(|suspects| self.prove(suspects));
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

    /// Has each of them prove its key; `None` if one does not.
    fn prove(&self, suspects: Vec<Peer>) -> Work<Option<SharedKey>> {
        let (identity, interface, heartbeat) = (self.identity.clone(), self.interface.clone(), self.heartbeat);
        Box::pin(async move {
            let own = identity.fingerprint();
            let mut shared: Option<SharedKey> = None;
            for Peer { fingerprint, name, addr, .. } in suspects {
                let connection = dial(&interface, &identity, addr, Some(fingerprint), PROOF).await.ok()?;
                let link = Link::new(connection, heartbeat);
                link.send(&Message::Stop(EndReason::Looked));
                link.close().await;
                let is_own = fingerprint == own;
                shared.get_or_insert(SharedKey { fingerprint, is_own, devices: Vec::new() }).devices.push((name, addr));
            }
            shared
        })
    }
}
