//! Who answers for what is offered: signed by the device that made a version, handed on with it, verified by whoever is
//! offered it.

use fieldcast_model::{DeviceName, Origin, Seal, Signature, SnapshotSummary};
use fieldcast_net::{Identity, fingerprint_of, verify};
use fieldcast_wire::Offer;

use crate::Sender;

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

/// The devices that answer for what is offered, each once, in the order of the snapshots.
pub(crate) fn devices(offer: &Offer) -> Vec<Sender> {
    let mut devices: Vec<Sender> = Vec::new();
    for origin in &offer.origins {
        let fingerprint = fingerprint_of(&origin.key);
        if devices.iter().all(|device| device.fingerprint != fingerprint) {
            devices.push(Sender { fingerprint, name: origin.name.clone() });
        }
    }
    devices
}
