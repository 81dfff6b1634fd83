//! The six digits on both screens. With them, two users verify that no other device is between their devices.
//!
//! Each side commits to a random number before it sees the other's number. The TLS exporter binds both numbers to the
//! connection. An attacker between two devices has two connections with two exporters, and must commit on both before
//! anything is revealed. Its two codes match only by chance, once in a million, and the attacker cannot influence them.

use std::fmt;

use crate::Role;

/// The TLS exporter label (RFC 8446, section 7.5) for [`HandshakeSecret::exporter`].
pub const CODE_LABEL: &[u8] = b"EXPORTER-fieldcast-code";

/// The secret input of one side for the code of one connection.
#[derive(Clone)]
pub struct HandshakeSecret {
    /// Only the two ends of this connection can compute it: the TLS exporter for [`CODE_LABEL`].
    pub exporter: [u8; 32],
    /// Random, new for each connection. Revealed only after the peer has committed.
    pub nonce: [u8; 32],
}

impl fmt::Debug for HandshakeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandshakeSecret(..)")
    }
}

impl HandshakeSecret {
    /// The commitment that this side, in this role, sends before it reveals its nonce.
    pub(crate) fn commitment(&self, role: Role) -> [u8; 32] {
        commitment(&self.exporter, role, &self.nonce)
    }

    /// The code, if the revealed nonce matches the peer's commitment. `role` is the role of this side.
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

/// The short authentication string: six digits, shown as `123 456`.
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

    fn secret(exporter: u8, nonce: u8) -> HandshakeSecret {
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
    fn shows_same_code_on_both_ends() {
        let [ours, theirs] = codes(&secret(1, 2), &secret(1, 3));
        assert!(ours.is_some() && ours == theirs);
        assert_ne!(ours, codes(&secret(1, 2), &secret(1, 4))[0], "the code depends on the nonces");
        assert_ne!(ours, codes(&secret(9, 2), &secret(9, 3))[0], "the code depends on the connection");
    }

    #[test]
    fn rejects_reveal_that_breaks_commitment() {
        let (ours, peer) = (secret(1, 2), secret(1, 3));
        let committed = peer.commitment(Role::Receiver);
        assert!(ours.compare(Role::Distributor, &committed, &peer.nonce).is_some());
        assert_eq!(ours.compare(Role::Distributor, &committed, &[4; 32]), None);
        let elsewhere = secret(5, 3).commitment(Role::Receiver);
        assert_eq!(ours.compare(Role::Distributor, &elsewhere, &peer.nonce), None);
        let mirrored = ours.commitment(Role::Distributor);
        assert_eq!(ours.compare(Role::Distributor, &mirrored, &ours.nonce), None, "a reflected commitment");
    }

    /// Mallory has a connection with each side and plays her best strategy: she waits for everything that is revealed
    /// to her.
    #[test]
    fn gives_attacker_in_the_middle_no_matching_code() {
        let mut equal = 0;
        for n in 0..2_000u32 {
            let random = |salt: &[u8]| *blake3::hash(&[salt, &n.to_le_bytes()].concat()).as_bytes();
            let asha = HandshakeSecret { exporter: random(b"one"), nonce: random(b"asha") };
            let bela = HandshakeSecret { exporter: random(b"two"), nonce: random(b"bela") };
            // She is the receiver for Asha and the distributor for Bela. When she knows Asha's code, she must still
            // commit to Bela before Bela reveals. No choice of number is better than another.
            let to_asha = HandshakeSecret { exporter: asha.exporter, nonce: random(b"x") };
            let to_bela = HandshakeSecret { exporter: bela.exporter, nonce: asha.nonce };
            equal += u32::from(codes(&asha, &to_asha)[0] == codes(&to_bela, &bela)[1]);
        }
        assert_eq!(equal, 0);
    }

    #[test]
    fn formats_code_as_six_digits() {
        assert_eq!(Sas(7).to_string(), "000 007");
        assert_eq!(Sas(123_456).to_string(), "123 456");
    }
}
