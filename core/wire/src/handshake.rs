//! The six digits both screens show, so that two people can tell that nobody is between their devices.
//!
//! Each side commits itself to a random number before it sees the other's, and both are bound to the TLS connection by
//! its exporter. Whoever sits between two devices has two connections with two exporters, and had to commit on both
//! before anything was revealed: the codes agree by chance once in a million, and cannot be steered.

use std::fmt;

use fieldcast_model::DeviceName;

use crate::{Credentials, Hello, Role};

/// The TLS exporter label (RFC 8446, section 7.5) of the secret that a connection's [`HandshakeSecret`] takes.
pub const CODE_LABEL: &[u8] = b"EXPORTER-fieldcast-code";

/// What one side brings to the comparison on one connection.
#[derive(Clone)]
pub struct HandshakeSecret {
    /// What both ends of this connection alone can compute: the exporter for [`CODE_LABEL`].
    pub exporter: [u8; 32],
    /// Random, new for each connection; told only once the peer has committed itself.
    pub nonce: [u8; 32],
}

impl fmt::Debug for HandshakeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(secret)")
    }
}

impl HandshakeSecret {
    /// What this side, in this role, says before it reveals its nonce.
    pub(crate) fn commitment(&self, role: Role) -> [u8; 32] {
        commitment(&self.exporter, role, &self.nonce)
    }

    /// The code, if the peer revealed what it had committed itself to. `role` is this side's.
    pub(crate) fn compare(&self, role: Role, committed: &[u8; 32], revealed: &[u8; 32]) -> Option<Sas> {
        let (peer, [distributor, receiver]) = match role {
            Role::Distributor => (Role::Receiver, [&self.nonce, revealed]),
            Role::Receiver => (Role::Distributor, [revealed, &self.nonce]),
        };
        let is_kept = commitment(&self.exporter, peer, revealed) == *committed;
        is_kept.then(|| Sas::of(&self.exporter, distributor, receiver))
    }
}

fn commitment(exporter: &[u8; 32], role: Role, nonce: &[u8; 32]) -> [u8; 32] {
    let role: &[u8] = match role {
        Role::Distributor => b"d",
        Role::Receiver => b"r",
    };
    hash("fieldcast 2026-11 commitment", &[exporter, role, nonce])
}

pub(crate) fn hash(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// What a machine needs to introduce its side on a new connection.
#[derive(Clone, Debug)]
pub struct HandshakeParameters {
    /// What people call the device.
    pub name: DeviceName,
    /// For the code.
    pub opening: HandshakeSecret,
    /// What a campaign has said of it, and of others.
    pub credentials: Credentials,
}

impl HandshakeParameters {
    /// The first message of this side in this role.
    pub fn hello(&self, role: Role) -> Hello {
        Hello::new(role, self.name.clone(), &self.opening)
    }
}

/// Six digits; shown as `123 456`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sas(u32);

impl Sas {
    fn of(exporter: &[u8; 32], distributor: &[u8; 32], receiver: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = hash("fieldcast 2026-11 code", &[exporter, distributor, receiver]);
        Self((u64::from_le_bytes([a, b, c, d, e, f, g, h]) % 1_000_000) as u32)
    }
}

impl fmt::Display for Sas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {:03}", self.0 / 1000, self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(exporter: u8, nonce: u8) -> HandshakeSecret {
        HandshakeSecret { exporter: [exporter; 32], nonce: [nonce; 32] }
    }

    fn codes(distributor: &HandshakeSecret, receiver: &HandshakeSecret) -> [Option<Sas>; 2] {
        let commitments = [distributor.commitment(Role::Distributor), receiver.commitment(Role::Receiver)];
        [
            distributor.compare(Role::Distributor, &commitments[1], &receiver.nonce),
            receiver.compare(Role::Receiver, &commitments[0], &distributor.nonce),
        ]
    }

    #[test]
    fn both_ends_of_one_connection_show_the_same_code() {
        let [ours, theirs] = codes(&opening(1, 2), &opening(1, 3));
        assert!(ours.is_some() && ours == theirs);
        assert_ne!(ours, codes(&opening(1, 2), &opening(1, 4))[0], "the nonces count");
        assert_ne!(ours, codes(&opening(9, 2), &opening(9, 3))[0], "the connection counts");
    }

    #[test]
    fn nobody_can_reveal_other_than_committed_nor_on_another_connection_nor_in_another_role() {
        let (ours, peer) = (opening(1, 2), opening(1, 3));
        let committed = peer.commitment(Role::Receiver);
        assert!(ours.compare(Role::Distributor, &committed, &peer.nonce).is_some());
        assert_eq!(ours.compare(Role::Distributor, &committed, &[4; 32]), None);
        let elsewhere = opening(5, 3).commitment(Role::Receiver);
        assert_eq!(ours.compare(Role::Distributor, &elsewhere, &peer.nonce), None);
        let mirrored = ours.commitment(Role::Distributor);
        assert_eq!(ours.compare(Role::Distributor, &mirrored, &ours.nonce), None, "our own words, sent back");
    }

    /// Mallory has a connection with each side and does her best: she waits for everything that is revealed to her.
    #[test]
    fn in_the_middle_codes_agree_by_chance_alone() {
        let mut equal = 0;
        for n in 0..2_000u32 {
            let random = |salt: &[u8]| *blake3::hash(&[salt, &n.to_le_bytes()].concat()).as_bytes();
            let asha = HandshakeSecret { exporter: random(b"one"), nonce: random(b"asha") };
            let bela = HandshakeSecret { exporter: random(b"two"), nonce: random(b"bela") };
            // With Asha she is the receiver, with Bela the distributor; after Asha's code is known she still has to
            // commit herself to Bela before Bela reveals. The best is any number.
            let to_asha = HandshakeSecret { exporter: asha.exporter, nonce: random(b"x") };
            let to_bela = HandshakeSecret { exporter: bela.exporter, nonce: asha.nonce };
            equal += u32::from(codes(&asha, &to_asha)[0] == codes(&to_bela, &bela)[1]);
        }
        assert_eq!(equal, 0);
    }

    #[test]
    fn a_code_is_six_digits() {
        assert_eq!(Sas(7).to_string(), "000 007");
        assert_eq!(Sas(123_456).to_string(), "123 456");
    }
}
