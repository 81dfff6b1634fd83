//! Who answers for what is offered: signed by the device that made a version, handed on with it, verified by whoever is
//! offered it.

use fieldcast_model::{DeviceName, Fingerprint, Origin, Signature, SnapshotHash, SnapshotSource, SnapshotSummary};
use fieldcast_net::{Identity, fingerprint_of, verify};
use fieldcast_store::{RecordSource, Store};
use fieldcast_wire::Offer;

/// This device, as far as it answers for data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) name: &'a DeviceName,
}

impl Signer<'_> {
    /// Answers for a snapshot whose records have this seal: with no sources as its own download, else as one it has merged.
    pub(crate) fn sign(self, summary: &SnapshotSummary, seal: SnapshotHash, sources: Vec<SnapshotSource>) -> Origin {
        let signature = Signature(self.identity.sign(&Origin::signed(self.name, summary, &seal, &sources)));
        Origin { key: self.identity.public_key(), name: self.name.clone(), seal, sources, signature }
    }

    /// Whose downloads a dataset is made of; none if all of it is this device's own.
    pub(crate) fn sources(self, here: Vec<RecordSource>) -> Vec<SnapshotSource> {
        if here.iter().all(|source| source.bundle.is_none()) {
            return Vec::new();
        }
        let mut sources: Vec<SnapshotSource> = Vec::new();
        for source in here.into_iter().flat_map(|source| self.parts(source)) {
            match sources.iter_mut().find(|known| known.fingerprint == source.fingerprint) {
                Some(known) => {
                    known.records = known.records.saturating_add(source.records);
                    known.as_of = known.as_of.min(source.as_of);
                }
                None => sources.push(source),
            }
        }
        sources
    }

    /// Who downloaded what came from one place. Of a bundle that its signer had merged it is not known which of its sources
    /// each record is from: each counts with as much as it can be.
    fn parts(self, RecordSource { bundle, records, as_of }: RecordSource) -> Vec<SnapshotSource> {
        let one = |fingerprint, name| vec![SnapshotSource { fingerprint, name, records, as_of }];
        match bundle {
            None => one(self.identity.fingerprint(), self.name.clone()),
            Some(bundle) if bundle.merged.is_empty() => one(fingerprint_of(&bundle.signer), bundle.signer_name),
            Some(bundle) => {
                let part = |source: SnapshotSource| SnapshotSource { records: source.records.min(records), ..source };
                bundle.merged.into_iter().map(part).collect()
            }
        }
    }
}

/// Whether every snapshot is signed by the device that is said to answer for it.
pub(crate) fn are_authentic(offer: &Offer) -> bool {
    let is_signed = |(summary, origin): (&SnapshotSummary, &Origin)| origin.answers_for(summary, verify);
    offer.origins.len() == offer.snapshots.len() && offer.snapshots.iter().zip(&offer.origins).all(is_signed)
}

/// A device that data comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDevice {
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// What it calls itself; chosen by its owner, so never proof of anything.
    pub name: DeviceName,
    /// Whether it is remembered here, or this device itself. Anybody can make a key and call it "office".
    pub is_known: bool,
    /// Records that it downloaded, as far as the offer says.
    pub records: u64,
    /// Whether it signed what is offered itself. Otherwise the device that merged its records into what is offered says so.
    pub has_signed: bool,
}

/// The devices that what is offered to the device `own` comes from, each once, in the order of the snapshots. Blocks.
pub(crate) fn devices(store: &Store, own: Fingerprint, offer: &Offer) -> fieldcast_store::Result<Vec<SourceDevice>> {
    let mut devices: Vec<SourceDevice> = Vec::new();
    let mut add = |fingerprint: Fingerprint, name: &DeviceName, records: u64, has_signed: bool| {
        if let Some(known) = devices.iter_mut().find(|device| device.fingerprint == fingerprint) {
            known.records = known.records.saturating_add(records);
            known.has_signed |= has_signed;
            return Ok(());
        }
        let is_known = fingerprint == own || store.trusts_peer(&fingerprint)?;
        devices.push(SourceDevice { fingerprint, name: name.clone(), is_known, records, has_signed });
        Ok::<_, fieldcast_store::Error>(())
    };
    for (origin, summary) in offer.origins.iter().zip(&offer.snapshots) {
        let downloaded = if origin.sources.is_empty() { summary.records } else { 0 };
        add(fingerprint_of(&origin.key), &origin.name, downloaded, true)?;
        for source in &origin.sources {
            add(source.fingerprint, &source.name, source.records, false)?;
        }
    }
    Ok(devices)
}

/// The offer as a screen shows it: with the names that projects and boundaries have on this device. Blocks.
pub(crate) fn shown(store: &Store, offer: &Offer) -> fieldcast_store::Result<Offer> {
    let mut shown = offer.clone();
    for (summary, origin) in shown.snapshots.iter_mut().zip(&offer.origins) {
        let is_trusted = store.trusts_peer(&fingerprint_of(&origin.key))?;
        (summary.project_name, summary.boundary_name) = store.read(|reader| reader.names(summary, is_trusted))?;
    }
    Ok(shown)
}

/// The datasets of this device that hold records of another one, or were signed by it. Blocks.
pub(crate) fn datasets_of(store: &Store, device: &Fingerprint) -> fieldcast_store::Result<Vec<SnapshotSummary>> {
    let is_of = |source: &RecordSource| {
        source.bundle.as_ref().is_some_and(|bundle| {
            fingerprint_of(&bundle.signer) == *device
                || bundle.merged.iter().any(|source| source.fingerprint == *device)
        })
    };
    let here = store.datasets()?.into_iter().filter(|status| status.sources.iter().any(is_of));
    Ok(here.map(|status| status.summary).collect())
}
