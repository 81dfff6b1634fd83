//! Untrusted manifests and bundle files.

use fieldcast_bundle::{ChunkHash, FileHead, Manifest, read_chunk, verify_chunk};

use crate::memory::capped;

/// A valid manifest has only one encoding: the input bytes.
pub fn manifest(data: &[u8]) {
    let Ok(manifest) = capped(|| Manifest::decode(data)) else { return };
    assert_eq!(manifest.encode(), data, "a manifest has one encoding");
    _ = manifest.total_bytes();
}

/// Reads a file with a valid head and an accepted signature. Verifies its chunks against the manifest, then again with
/// the right hash, because the creator of a file can set it.
pub fn bundle_file(data: &[u8]) {
    let mut file = data;
    let Ok(head) = capped(|| FileHead::read(&mut file, |_, _, _| true)) else { return };
    let encoded = head.encode();
    assert_eq!(encoded, data[..data.len() - file.len()], "a head has one encoding");
    for snapshot in &head.manifest.snapshots {
        for info in &snapshot.chunks {
            let Ok(bytes) = capped(|| read_chunk(&mut file, info.bytes)) else { return };
            let is_valid = verify_chunk(info, snapshot.bits, &bytes).is_ok();
            let mut info = info.clone();
            info.hash = ChunkHash::of(&bytes);
            let with_right_hash = capped(|| verify_chunk(&info, snapshot.bits, &bytes));
            assert!(!is_valid || with_right_hash.is_ok());
            if let Ok(records) = with_right_hash {
                assert_eq!(records.len(), info.records as usize);
            }
        }
    }
}
