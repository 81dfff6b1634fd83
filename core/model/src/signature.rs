//! Signatures, in the form in which they are sent and stored.

use serde::{Deserialize, Serialize};

/// An Ed25519 signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
// serde supports arrays up to 32 elements. The encoded bytes are the same.
#[serde(from = "[[u8; 32]; 2]", into = "[[u8; 32]; 2]")]
pub struct Signature(pub [u8; 64]);

impl From<[[u8; 32]; 2]> for Signature {
    fn from(halves: [[u8; 32]; 2]) -> Self {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(halves.as_flattened());
        Self(bytes)
    }
}

impl From<Signature> for [[u8; 32]; 2] {
    fn from(Signature(bytes): Signature) -> Self {
        let mut halves = [[0; 32]; 2];
        halves.as_flattened_mut().copy_from_slice(&bytes);
        halves
    }
}
