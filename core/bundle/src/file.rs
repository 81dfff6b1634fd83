//! Bundle files (`.fcb`): the content of a transfer in one file, for an SD card, a cable or Bluetooth.
//!
//! The file starts with a head: magic bytes, manifest, provenance of the snapshots, the signer, signature. Then come
//! all chunks in manifest order. The signature covers everything before it, and the manifest contains the hash of every
//! chunk, so a file that verifies is complete.

use std::io::{self, Read};

use fieldcast_model::{DeviceName, Provenance};

use crate::error::malformed;
use crate::{Error, MAX_MANIFEST_BYTES, Manifest};

/// The first bytes of every bundle file. The last byte is the format.
const MAGIC: [u8; 8] = *b"FCBUNDL\x01";
/// The signed message starts with this label, so that a signature made for another purpose is not valid here.
const SIGNED_AS: &[u8] = b"fieldcast bundle file 1\n";
/// The maximum length of a device name, in bytes of UTF-8.
const MAX_NAME_BYTES: usize = 4 * DeviceName::MAX_CHARS;
/// The maximum size of the provenance entries, in bytes: more than 200 entries.
const MAX_ORIGIN_BYTES: usize = 64 << 10;

/// The head of a bundle file: its content and its signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHead {
    /// What the file contains.
    pub manifest: Manifest,
    /// The provenance of each snapshot. The reader of the file must verify these signatures.
    pub provenance: Vec<Provenance>,
    /// The Ed25519 public key of the device that made the file.
    pub signer: [u8; 32],
    /// The name of that device.
    pub signer_name: DeviceName,
    /// The device's signature over all of the above.
    pub signature: [u8; 64],
}

/// Why a bundle file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file does not start like a bundle file of this format.
    #[error("this is not a Fieldcast bundle file, or a newer version made it: choose a .fcb file or update Fieldcast")]
    NotABundle,
    /// The file ends before its head or its last chunk ends.
    #[error("the bundle file is cut off in {part}: copy it again")]
    CutOff {
        /// The incomplete part.
        part: &'static str,
    },
    /// The manifest is damaged or contradicts itself.
    #[error("the bundle file is damaged (manifest: {0}): copy the file again")]
    Manifest(Error),
    /// The signature was not made by the device that the file names.
    #[error("the bundle file was altered after it was made: ask the sender for a new file")]
    Signature,
    /// A chunk does not match the manifest.
    #[error("the bundle file is damaged (chunk {number}: {error}): copy the file again")]
    Chunk {
        /// Its position in the file, counted from 1.
        number: usize,
        /// What is wrong with it.
        error: Error,
    },
    /// The file cannot be read or written.
    #[error("the bundle file cannot be read or written ({0}): check the path and the free space")]
    Io(#[from] io::Error),
}

impl FileHead {
    /// Makes the head of a file. `signer` is the public key of the device; `sign` signs with its private key.
    pub fn new(
        manifest: Manifest,
        provenance: Vec<Provenance>,
        signer: [u8; 32],
        signer_name: DeviceName,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Self {
        let signature = sign(&signed(&manifest.encode(), &encoded(&provenance), &signer_name));
        Self { manifest, provenance, signer, signer_name, signature }
    }

    /// Returns the bytes at the start of the file.
    pub fn encode(&self) -> Vec<u8> {
        let (manifest, provenance) = (self.manifest.encode(), encoded(&self.provenance));
        let mut bytes = MAGIC.to_vec();
        for part in [&manifest[..], &provenance, self.signer_name.as_str().as_bytes()] {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        }
        bytes.extend(self.signer);
        bytes.extend(self.signature);
        bytes
    }

    /// Reads and verifies the head. `is_signed_by(key, message, signature)` returns whether a signature is valid.
    ///
    /// # Errors
    /// [`FileError`], which names what is wrong.
    pub fn read(
        file: &mut impl Read,
        is_signed_by: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Self, FileError> {
        let mut magic = Vec::new();
        file.take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        if !MAGIC.starts_with(&magic) {
            return Err(FileError::NotABundle);
        }
        if magic.len() < MAGIC.len() {
            return Err(FileError::CutOff { part: "its first bytes" });
        }
        let manifest_bytes = text(file, MAX_MANIFEST_BYTES, "the manifest")?;
        let provenance_bytes = text(file, MAX_ORIGIN_BYTES, "the provenance")?;
        let name = text(file, MAX_NAME_BYTES, "the sender's name")?;
        let signer_name = DeviceName::new(&String::from_utf8_lossy(&name));
        let signer = array::<32>(file, "the sender's key")?;
        let signature = array::<64>(file, "the signature")?;
        let signed = signed(&manifest_bytes, &provenance_bytes, &signer_name);
        if name != signer_name.as_str().as_bytes() || !is_signed_by(&signer, &signed, &signature) {
            return Err(FileError::Signature);
        }
        let manifest = Manifest::decode(&manifest_bytes).map_err(FileError::Manifest)?;
        let provenance: Vec<Provenance> = postcard::from_bytes(&provenance_bytes).unwrap_or_default();
        if provenance.len() != manifest.snapshots.len() || encoded(&provenance) != provenance_bytes {
            return Err(FileError::Manifest(malformed("provenance")));
        }
        Ok(Self { manifest, provenance, signer, signer_name, signature })
    }
}

/// Returns the message that a device signs.
fn signed(manifest: &[u8], provenance: &[u8], signer_name: &DeviceName) -> Vec<u8> {
    let hashes = [manifest, provenance].map(|part| *blake3::hash(part).as_bytes());
    [SIGNED_AS, hashes.as_flattened(), signer_name.as_str().as_bytes()].concat()
}

fn encoded(provenance: &[Provenance]) -> Vec<u8> {
    postcard::to_stdvec(provenance).unwrap_or_default() // plain data: cannot fail
}

fn array<const N: usize>(file: &mut impl Read, part: &'static str) -> Result<[u8; N], FileError> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).map_err(|error| cut_off(error, part))?;
    Ok(bytes)
}

/// Reads bytes that have their length in front. Memory grows only with the bytes that the file really contains.
fn text(file: &mut impl Read, most: usize, part: &'static str) -> Result<Vec<u8>, FileError> {
    let len = u32::from_le_bytes(array::<4>(file, part)?) as usize;
    if len > most {
        return Err(FileError::Manifest(Error::TooLarge { what: part, limit: most }));
    }
    let mut bytes = Vec::new();
    file.take(len as u64).read_to_end(&mut bytes)?;
    if bytes.len() < len { Err(FileError::CutOff { part }) } else { Ok(bytes) }
}

fn cut_off(error: io::Error, part: &'static str) -> FileError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => FileError::CutOff { part },
        _ => FileError::Io(error),
    }
}

/// Reads the bytes of the next chunk. The caller must verify them against the manifest.
///
/// # Errors
/// [`FileError::CutOff`] when fewer than `len` bytes are left.
pub fn read_chunk(file: &mut impl Read, len: u32) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(u64::from(len)).read_to_end(&mut bytes)?;
    if bytes.len() < len as usize { Err(FileError::CutOff { part: "its chunks" }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> FileHead {
        FileHead::new(Manifest::new(Vec::new()), Vec::new(), [7; 32], DeviceName::new("Asha"), |_| [9; 64])
    }

    fn read(bytes: &[u8]) -> Result<FileHead, FileError> {
        // A stand-in for Ed25519: only the signature of this head over exactly these bytes is valid.
        let head = head();
        let right = signed(&head.manifest.encode(), &encoded(&head.provenance), &head.signer_name);
        FileHead::read(&mut &bytes[..], |key, message, signature| {
            (*key, message, *signature) == ([7; 32], &right[..], [9; 64])
        })
    }

    #[test]
    fn reads_encoded_head() {
        assert_eq!(read(&head().encode()).unwrap(), head());
    }

    #[test]
    fn reports_truncated_head_as_cut_off() {
        let bytes = head().encode();
        for len in 0..bytes.len() {
            assert!(matches!(read(&bytes[..len]), Err(FileError::CutOff { .. })), "{len}");
        }
    }

    #[test]
    fn names_cause_for_altered_head() {
        let bytes = head().encode();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let error = read(&altered).unwrap_err();
            if at < 8 {
                assert!(matches!(error, FileError::NotABundle), "{at}: {error}");
            } else {
                assert!(!matches!(error, FileError::NotABundle | FileError::Io(_)), "{at}: {error}");
            }
        }
    }
}
