//! Manifests and bundle files from a stranger.

use fieldcast_bundle::{ChunkHash, FileHead, Manifest, read_chunk, verify_chunk};

use crate::memory::capped;

/// A manifest that reads has one form only: these bytes.
pub fn manifest(data: &[u8]) {
    let Ok(manifest) = capped(|| Manifest::decode(data)) else { return };
    assert_eq!(manifest.encode(), data, "a manifest has one form");
    _ = manifest.total_bytes();
}

/// A file whose head reads and whose signature somebody vouches for: its chunks are read and held against the manifest,
/// and once more with the hash put right, which whoever makes such a file can do.
pub fn bundle_file(data: &[u8]) {
    let mut file = data;
    let Ok(head) = capped(|| FileHead::read(&mut file, |_, _, _| true)) else { return };
    let encoded = head.encode();
    assert_eq!(encoded, data[..data.len() - file.len()], "a head has one form");
    for snapshot in &head.manifest.snapshots {
        for info in &snapshot.chunks {
            let Ok(bytes) = capped(|| read_chunk(&mut file, info.bytes)) else { return };
            let right = verify_chunk(info, snapshot.bits, &bytes).is_ok();
            let mut info = info.clone();
            info.hash = ChunkHash::of(&bytes);
            let likely = capped(|| verify_chunk(&info, snapshot.bits, &bytes));
            assert!(!right || likely.is_ok());
            if let Ok(records) = likely {
                assert_eq!(records.len(), info.records as usize);
            }
        }
    }
}
