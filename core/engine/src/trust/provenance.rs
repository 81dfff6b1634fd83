//! Provenance of snapshots: signed by the device that made a version, passed on with it, and verified by every
//! receiver.

use fieldcast_model::{DeviceName, Fingerprint, Provenance, Signature, SnapshotHash, SnapshotSource, SnapshotSummary};
use fieldcast_net::{Identity, fingerprint_of, verify};
use fieldcast_store::{RecordSource, Store};
use fieldcast_wire::Offer;

/// This device as a signer of data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) name: &'a DeviceName,
}

impl Signer<'_> {
    /// Signs a snapshot with this snapshot hash. Without sources it is this device's own download, else a merged
    /// version.
    pub(crate) fn sign(
        self,
        summary: &SnapshotSummary,
        snapshot_hash: SnapshotHash,
        sources: Vec<SnapshotSource>,
    ) -> Provenance {
        let signature =
            Signature(self.identity.sign(&Provenance::signed(self.name, summary, &snapshot_hash, &sources)));
        Provenance { key: self.identity.public_key(), name: self.name.clone(), snapshot_hash, sources, signature }
    }

    /// The devices whose downloads a dataset contains; empty if all of it is this device's own download.
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

    /// The devices that downloaded the records of one source. For a merged bundle it is unknown which record is from
    /// which device, so each device counts with its maximum.
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

/// Whether every snapshot has a valid signature of its signer.
pub(crate) fn are_authentic(offer: &Offer) -> bool {
    let is_signed = |(summary, provenance): (&SnapshotSummary, &Provenance)| provenance.answers_for(summary, verify);
    offer.provenance.len() == offer.snapshots.len() && offer.snapshots.iter().zip(&offer.provenance).all(is_signed)
}

/// A device from which data comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDevice {
    /// The device's fingerprint.
    pub fingerprint: Fingerprint,
    /// The name that its owner chose; never a proof of identity.
    pub name: DeviceName,
    /// Whether this device trusts it, or is it. Names prove nothing: any device can create a key and call itself
    /// "office".
    pub is_known: bool,
    /// Records that it downloaded, according to the offer.
    pub records: u64,
    /// Whether it signed the offered data itself. If not, the device that merged its records names it as a source.
    pub has_signed: bool,
}

/// The source devices of an offer to the device `own`, each once, in the order of the snapshots. Blocks.
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
    for (provenance, summary) in offer.provenance.iter().zip(&offer.snapshots) {
        let downloaded = if provenance.sources.is_empty() { summary.records } else { 0 };
        add(fingerprint_of(&provenance.key), &provenance.name, downloaded, true)?;
        for source in &provenance.sources {
            add(source.fingerprint, &source.name, source.records, false)?;
        }
    }
    Ok(devices)
}

/// The offer as screens show it, with the names that projects and boundaries have on this device. Blocks.
pub(crate) fn with_local_names(store: &Store, offer: &Offer) -> fieldcast_store::Result<Offer> {
    let mut shown = offer.clone();
    for (summary, provenance) in shown.snapshots.iter_mut().zip(&offer.provenance) {
        set_local_names(store, summary, store.trusts_peer(&fingerprint_of(&provenance.key))?)?;
    }
    Ok(shown)
}

/// Sets the names that project and boundary of an offered snapshot have on this device. Blocks.
pub(crate) fn set_local_names(
    store: &Store,
    offered: &mut SnapshotSummary,
    is_trusted: bool,
) -> fieldcast_store::Result<()> {
    (offered.project_name, offered.boundary_name) = store.read(|reader| reader.names(offered, is_trusted))?;
    Ok(())
}

/// The datasets on this device that contain records of another device, or were signed by it. Blocks.
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
