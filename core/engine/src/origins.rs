//! Who answers for what is offered: signed by the device that made a version, handed on with it, verified by whoever is
//! offered it.

use fieldcast_model::{DeviceName, Fingerprint, Origin, Seal, Signature, SnapshotSummary};
use fieldcast_net::{Identity, fingerprint_of, verify};
use fieldcast_store::Store;
use fieldcast_wire::Offer;

/// This device, as far as it answers for data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) name: &'a DeviceName,
}

impl Maker<'_> {
    /// Answers for a snapshot whose records have this seal.
    pub(crate) fn sign(self, summary: &SnapshotSummary, seal: Seal) -> Origin {
        let signature = Signature(self.identity.sign(&Origin::signed(self.name, summary, &seal)));
        Origin { key: self.identity.public_key(), name: self.name.clone(), seal, signature }
    }
}

/// Whether every snapshot is signed by the device that is said to answer for it.
pub(crate) fn are_authentic(offer: &Offer) -> bool {
    let is_signed = |(summary, origin): (&SnapshotSummary, &Origin)| origin.answers_for(summary, verify);
    offer.origins.len() == offer.snapshots.len() && offer.snapshots.iter().zip(&offer.origins).all(is_signed)
}

/// A device that answers for data, proven by its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginDevice {
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// What it calls itself; chosen by its owner, so never proof of anything.
    pub name: DeviceName,
    /// Whether it is remembered here, or this device itself. Anybody can make a key and call it "office".
    pub is_known: bool,
}

/// The devices that answer for what is offered to the device `own`, each once, in the order of the snapshots. Blocks.
pub(crate) fn devices(store: &Store, own: Fingerprint, offer: &Offer) -> fieldcast_store::Result<Vec<OriginDevice>> {
    let mut devices: Vec<OriginDevice> = Vec::new();
    for Origin { key, name, .. } in &offer.origins {
        let fingerprint = fingerprint_of(key);
        if devices.iter().all(|device| device.fingerprint != fingerprint) {
            let is_known = fingerprint == own || store.knows_peer(&fingerprint)?;
            devices.push(OriginDevice { fingerprint, name: name.clone(), is_known });
        }
    }
    Ok(devices)
}
