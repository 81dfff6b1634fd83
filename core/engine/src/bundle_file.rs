//! Bundle files: an exchange without a network.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldcast_bundle::{ChunkInfo, FileError, FileHead, read_chunk, verify_chunk};
use fieldcast_model::{Dataset, Fingerprint, ServerTime};
use fieldcast_store::Store;
use fieldcast_wire::{Credentials, EndReason, MAX_SNAPSHOTS, Offer};
use tokio_util::sync::CancellationToken;

use crate::offer::Bundle;
use crate::receive::{Application, ApplyOutcome, COMMIT_BYTES, Plan, Round, check_time, plan};
use crate::settings::DEFAULT_RESERVE;
use crate::trust::grants::Authorizer;
use crate::trust::provenance::{self, Signer};
use crate::{ComparisonResult, Error, Sender, SourceDevice, clock};

/// The contents of a bundle file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleInfo {
    /// The device that made the file, proven by its signature.
    pub sender: Sender,
    /// The devices that signed the data in the file, proven by their signatures. Usually this is the device that made
    /// the file.
    pub sources: Vec<SourceDevice>,
    /// The snapshots in the file. Projects and boundaries have the names that they have on this device.
    pub offer: Offer,
}

/// An imported bundle file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The signer and the contents of the file.
    pub info: BundleInfo,
    /// How each snapshot compares with the data on this device after the import.
    pub comparisons: Vec<ComparisonResult>,
}

/// Writes the datasets into a file. The file gets its final name only after it is complete.
pub(crate) fn export(store: Store, signer: Signer<'_>, datasets: &[Dataset], path: &Path) -> Result<Offer, Error> {
    let bundle = Bundle::prepare(store, datasets, signer)?;
    let (manifest, offer, Signer { identity, name }) = (bundle.manifest(), bundle.offer(), signer);
    let sign = |message: &[u8]| identity.sign(message);
    let head = FileHead::new(manifest, offer.provenance.clone(), identity.public_key(), name.clone(), sign);
    let unfinished = PathBuf::from(format!("{}.part", path.display()));
    write(&bundle, &head, &unfinished, path).inspect_err(|_| {
        let _may_not_exist = std::fs::remove_file(&unfinished);
    })?;
    Ok(offer)
}

fn write(bundle: &Bundle, head: &FileHead, unfinished: &Path, path: &Path) -> Result<(), Error> {
    let mut file = BufWriter::new(create(unfinished).map_err(FileError::Io)?);
    file.write_all(&head.encode()).map_err(FileError::Io)?;
    for chunk in head.manifest.chunks() {
        file.write_all(&bundle.chunk(chunk.hash)?).map_err(FileError::Io)?;
    }
    let file = file.into_inner().map_err(|error| FileError::Io(error.into_error()))?;
    file.sync_all().map_err(FileError::Io)?;
    verify(unfinished)?;
    std::fs::rename(unfinished, path).map_err(FileError::Io)?;
    // Sync the folder before the export reports success, because the file name must also be on the storage.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(FileError::Io)?;
    }
    Ok(())
}

/// Creates a file that only its owner can read. Removes an existing file or link at this path first, because another
/// user may have planted a link there.
fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.write(true).create_new(true).open(path)
}

/// Reads a file back as an import does, because a memory card may not hold the bytes that were written to it.
fn verify(path: &Path) -> Result<(), Error> {
    let (head, mut file) = open(path)?;
    for (at, (info, bits)) in chunks(&head).enumerate() {
        let chunk = read_chunk(&mut file, info.bytes)?;
        verify_chunk(info, bits, &chunk).map_err(|error| FileError::Chunk { number: at + 1, error })?;
    }
    Ok(())
}

/// Every chunk of a file, with the number of range bits of its snapshot.
fn chunks(head: &FileHead) -> impl Iterator<Item = (&ChunkInfo, u8)> {
    let snapshots = head.manifest.snapshots.iter();
    snapshots.flat_map(|snapshot| snapshot.chunks.iter().map(|info| (info, snapshot.bits)))
}

/// Reads the signer and the contents of a file.
pub(crate) fn inspect(store: &Store, own: Fingerprint, path: &Path) -> Result<BundleInfo, Error> {
    let (head, _) = open(path)?;
    let info = info(store, own, &head)?;
    if !provenance::are_authentic(&info.offer) {
        return Err(Error::Refused(EndReason::NotAuthentic));
    }
    Ok(BundleInfo { offer: provenance::with_local_names(store, &info.offer)?, ..info })
}

/// Imports the data of a file in the same steps as an exchange: verify, stage, apply. Chunks that an earlier attempt
/// staged are not read again.
pub(crate) fn import(store: &Store, own: Fingerprint, path: &Path) -> Result<Imported, Error> {
    let (head, _) = open(path)?;
    let info = info(store, own, &head)?;
    let now = store.server_now(clock::now())?;
    check_time(&info.offer, now).map_err(Error::Refused)?;
    // A bundle file carries no grants, so the import is refused if this device requires grants.
    Authorizer::of(store, info.sender.fingerprint, &Credentials::default())?
        .authorize(&info.offer)
        .map_err(Error::Refused)?;
    let id = info.offer.id(&info.sender.fingerprint);
    let outcome = match take(store, path, &info, now, Arc::default())? {
        // Some data on this device was damaged. Read it from the file again.
        ApplyOutcome::Differs { round, .. } => take(store, path, &info, now, Arc::new(round))?,
        saved => saved,
    };
    match outcome {
        ApplyOutcome::Saved(saved) => {
            store.discard_incoming(&id)?; // no sender resends this bundle, so the consent is not needed again
            let info = BundleInfo { offer: provenance::with_local_names(store, &info.offer)?, ..info };
            Ok(Imported { info, comparisons: saved.into_iter().map(|saved| saved.comparison).collect() })
        }
        ApplyOutcome::Differs { .. } => Err(Error::Refused(EndReason::DigestDiffers)),
    }
}

/// Stages the chunks of the file that this device does not have, and applies them.
fn take(
    store: &Store,
    path: &Path,
    info: &BundleInfo,
    now: ServerTime,
    earlier: Arc<Round>,
) -> Result<ApplyOutcome, Error> {
    let (head, mut file) = open(path)?;
    let id = info.offer.id(&info.sender.fingerprint);
    store.begin_incoming(&info.sender.incoming(id, &info.offer))?;
    let plan = plan(store, &id, &head.manifest.encode(), &info.offer, DEFAULT_RESERVE, &earlier);
    let Plan { manifest, chunks, wanted, .. } = plan.map_err(Error::Refused)?;
    let mut wanted = wanted.iter().peekable();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for (index, expected) in chunks.iter().enumerate() {
        if wanted.next_if_eq(&(index as u32)).is_none() {
            file.seek_relative(i64::from(expected.info.bytes)).map_err(FileError::Io)?;
            continue;
        }
        let chunk = read_chunk(&mut file, expected.info.bytes)?;
        verify_chunk(&expected.info, expected.bits, &chunk)
            .map_err(|error| FileError::Chunk { number: index + 1, error })?;
        bytes += chunk.len();
        batch.push((expected.info.hash.0, chunk));
        if bytes >= COMMIT_BYTES {
            store.stage_chunks(&id, &batch)?;
            (batch, bytes) = (Vec::new(), 0);
        }
    }
    store.stage_chunks(&id, &batch)?;
    let application = Application {
        store: store.clone(),
        incoming: id,
        offer: info.offer.clone(),
        manifest,
        earlier,
        sender: info.sender.clone(),
        now,
        applied: Arc::default(),
        abandoned: CancellationToken::new(),
    };
    application.run().map_err(Error::Refused)
}

/// The head of a file that has the expected size, and a reader positioned after the head.
fn open(path: &Path) -> Result<(FileHead, BufReader<File>), Error> {
    let mut file = BufReader::new(File::open(path).map_err(FileError::Io)?);
    let head = FileHead::read(&mut file, fieldcast_net::verify)?;
    if head.manifest.snapshots.len() > MAX_SNAPSHOTS {
        return Err(Error::TooManyBoundaries { most: MAX_SNAPSHOTS });
    }
    let expected = file.stream_position().map_err(FileError::Io)? + head.manifest.total_bytes();
    let len = file.get_ref().metadata().map_err(FileError::Io)?.len();
    if len < expected {
        return Err(FileError::CutOff { part: "its chunks" }.into());
    }
    if len > expected {
        return Err(FileError::Signature.into());
    }
    Ok((head, file))
}

fn info(store: &Store, own: Fingerprint, head: &FileHead) -> Result<BundleInfo, Error> {
    let fingerprint = fieldcast_net::fingerprint_of(&head.signer);
    let snapshots = head.manifest.snapshots.iter().map(|snapshot| snapshot.summary.clone()).collect();
    let offer = Offer { snapshots, provenance: head.provenance.clone(), bytes: head.manifest.total_bytes() };
    let sender = Sender { fingerprint, name: head.signer_name.clone() };
    Ok(BundleInfo { sender, sources: provenance::devices(store, own, &offer)?, offer })
}
