//! The messages of an exchange. Control frames carry them; manifests and chunks have their own frame kinds.

use fieldcast_model::{DeviceName, Digest, Fingerprint, Provenance, ServerTime, SnapshotSummary};
use serde::{Deserialize, Serialize};

use crate::{Breach, Credentials, EndReason, HandshakeSecret, Receipt};

/// The newest protocol version that this build supports.
pub const PROTOCOL: u16 = 1;
/// The oldest protocol version that this build supports.
const OLDEST_PROTOCOL: u16 = 1;
/// The largest number of snapshots in one offer. The answers to so many fit in a control frame; the offer itself may not,
/// because its texts have different lengths. A control frame stays small, as devices without authorization send them.
pub const MAX_SNAPSHOTS: usize = 256;

/// The role of a device in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Sends data.
    Distributor,
    /// Receives data.
    Receiver,
}

/// The first message of each side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Newest supported protocol version.
    pub protocol: u16,
    /// Oldest supported protocol version.
    pub oldest: u16,
    /// The role that this side wants.
    pub role: Role,
    /// The device name that users see.
    pub name: DeviceName,
    /// Commitment to the nonce in this side's later [`Message::Reveal`].
    pub commitment: [u8; 32],
}

impl Hello {
    /// The hello of this build.
    pub fn new(role: Role, name: DeviceName, secret: &HandshakeSecret) -> Self {
        Self { protocol: PROTOCOL, oldest: OLDEST_PROTOCOL, role, name, commitment: secret.commitment(role) }
    }

    /// The newest protocol version that both sides support.
    ///
    /// # Errors
    /// [`EndReason::SameRole`] if both sides want the same role, [`EndReason::Incompatible`] if no common version
    /// exists.
    pub fn agree(&self, peer: &Self) -> Result<u16, EndReason> {
        if self.role == peer.role {
            return Err(EndReason::SameRole);
        }
        let newest = self.protocol.min(peer.protocol);
        if newest < self.oldest.max(peer.oldest) { Err(EndReason::Incompatible) } else { Ok(newest) }
    }
}

/// The distributor's offer. It lets the user decide, and lets the receiver report which data it already has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The snapshots, at most [`MAX_SNAPSHOTS`].
    pub snapshots: Vec<SnapshotSummary>,
    /// The provenance of each snapshot. Untrusted until its signature is verified.
    pub provenance: Vec<Provenance>,
    /// Bytes to transfer if all data is new to the receiver.
    pub bytes: u64,
}

impl Offer {
    /// Identifies these snapshots, with this provenance for each, from this sender. The receiver stores staged chunks and the
    /// user's consent under this ID, so the same offer can resume after a lost connection. The same data with another
    /// provenance is a different offer.
    pub fn id(&self, sender: &Fingerprint) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&offer_id(sender, &self.snapshots));
        for Provenance { key, snapshot_hash, sources, .. } in &self.provenance {
            hasher.update(key).update(&snapshot_hash.0);
            hasher.update(&postcard::to_stdvec(sources).unwrap_or_default()); // cannot fail for plain data
        }
        *hasher.finalize().as_bytes()
    }

    fn is_bounded(&self) -> bool {
        self.snapshots.len() <= MAX_SNAPSHOTS
            && self.provenance.len() == self.snapshots.len()
            && self.snapshots.iter().all(SnapshotSummary::is_bounded)
            && self.provenance.iter().all(|provenance| provenance.sources.len() <= Provenance::MAX_SOURCES)
    }
}

/// The offer ID in a receipt: derived from the sender and the snapshots. The history stores both.
pub fn offer_id(sender: &Fingerprint, snapshots: &[SnapshotSummary]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&sender.0);
    hasher.update(&postcard::to_stdvec(snapshots).unwrap_or_default()); // cannot fail for plain data
    *hasher.finalize().as_bytes()
}

/// The receiver's copy of one offered dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The version; 0 if the receiver never had a complete one.
    pub as_of: ServerTime,
    /// Digest of the receiver's records.
    pub digest: Digest,
    /// Number of records.
    pub records: u64,
    /// Whether the receiver keeps its own version and wants no data. True if its version is later, has at least as many
    /// records, and comes from devices that it trusts at least as much.
    pub is_ahead: bool,
}

impl Held {
    /// The receiver has no data of this dataset.
    pub const NOTHING: Self = Self { as_of: ServerTime(0), digest: Digest::EMPTY, records: 0, is_ahead: false };
}

/// The state of one dataset on the receiver after saving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSnapshot {
    /// Digest of the receiver's records after saving.
    pub digest: Digest,
    /// Why this digest can differ from the distributor's.
    pub comparison: ComparisonResult,
}

/// How the receiver's dataset compares with the distributor's snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparisonResult {
    /// The digests are equal.
    Equal,
    /// The receiver has the whole snapshot. For some records it kept its own versions, because they are newer, or it
    /// kept records that the distributor does not have.
    KeptNewer {
        /// How many records.
        records: u64,
    },
    /// The receiver's version of the whole dataset is later. Nothing was sent, and the receiver kept its data.
    Ahead {
        /// The receiver's version.
        as_of: ServerTime,
    },
    /// The receiver had a later version with fewer records than the offer. It added the records it lacked and kept its
    /// own later ones. One of the two versions is wrong; only a download from the server shows which.
    Conflict {
        /// The receiver's version before the exchange.
        as_of: ServerTime,
        /// How many records of that version the receiver kept.
        records: u64,
    },
}

impl ComparisonResult {
    /// How many newer records the receiver kept, as the receiver reports.
    pub fn kept_newer(&self) -> u64 {
        match self {
            Self::KeptNewer { records } | Self::Conflict { records, .. } => *records,
            Self::Equal | Self::Ahead { .. } => 0,
        }
    }
}

/// A control message.
///
/// A new message needs changes in these places, in this order:
/// 1. a variant at the end of this enum, with a doc comment that says who sends it and when; if it holds texts or lists,
///    their bounds in [`Message::decode`]. Devices with earlier versions end the exchange at an unknown message, so a
///    message that is not optional needs a new [`PROTOCOL`] version;
/// 2. the states in which it may come, in `session/distributor.rs`, `receiver.rs`, `handshake.rs` or `parked.rs`. A message
///    in any other state ends the exchange. If it needs work, a request in `DistributorRequest` or `ReceiverRequest`, and
///    the work in the engine's `offer/transfer.rs` or `receive/transfer.rs`;
/// 3. `docs/PROTOCOL.md`;
/// 4. an example in `golden_tests.rs`, which writes `schema/wire/messages.txt`;
/// 5. the random messages of `tests/sim/arbitrary.rs` and of `tests/fuzz/src/machines.rs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Both sides: name, role and versions of this device. First message on the connection.
    Hello(Hello),
    /// Distributor: the offered data.
    Offer(Offer),
    /// Receiver: accepts the offer. One entry for each offered snapshot says which data the receiver already has.
    Accept(Vec<Held>),
    /// Receiver, after the manifest: the chunks it needs, one bit for each chunk of the manifest, lowest bit first.
    Want(ChunkSet),
    /// Receiver: how many of the wanted chunks are safe on disk.
    Staged {
        /// Chunks on disk since [`Message::Want`].
        chunks: u32,
        /// Encoded bytes of these chunks.
        bytes: u64,
    },
    /// Receiver: all chunks have arrived and the transaction runs. The receiver repeats this message instead of
    /// [`Message::Alive`] while the transaction runs.
    Applying {
        /// Records applied since the transaction began.
        records: u64,
    },
    /// Receiver, instead of [`Message::Saved`] and at most once: the changes do not lead to these offered snapshots, and
    /// nothing of them was stored. The distributor answers with a manifest of all their chunks.
    Differs(Vec<u16>),
    /// Receiver: the data is committed and compared. Untrusted until the signature is verified.
    Saved(Receipt),
    /// Either side: ends the exchange for this reason. Last message on the connection.
    Stop(EndReason),
    /// Either side: still connected.
    Alive,
    /// Both sides, after the peer's hello: the nonce that this side committed to, and its credentials.
    Reveal {
        /// The nonce.
        nonce: [u8; 32],
        /// Statements of campaigns about this device and about others.
        credentials: Credentials,
    },
    /// Receiver that has read an invite of this distributor, before its hello: the
    /// [`Token::proof`](crate::Token::proof) for this connection.
    Invited([u8; 32]),
}

impl Message {
    /// The bytes of the control frame.
    pub fn encode(&self) -> Vec<u8> {
        // Serializing plain data into memory cannot fail.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Decodes a control frame.
    ///
    /// # Errors
    /// [`Breach::Unreadable`] if the bytes are not exactly one message. [`Breach::OutOfBounds`] if an offer, a text in
    /// it or a list of statements is too long, or if an offer does not give the provenance of each snapshot.
    pub fn decode(bytes: &[u8]) -> Result<Self, Breach> {
        match postcard::take_from_bytes::<Self>(bytes) {
            Ok((Self::Offer(offer), _)) if !offer.is_bounded() => Err(Breach::OutOfBounds),
            Ok((Self::Reveal { credentials, .. }, _)) if !credentials.is_bounded() => Err(Breach::OutOfBounds),
            Ok((Self::Stop(reason), [])) => Ok(Self::Stop(reason.sanitized())),
            Ok((message, [])) => Ok(message),
            _ => Err(Breach::Unreadable),
        }
    }
}

/// A set of chunks of one manifest, by their index in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkSet(Vec<u8>);

impl ChunkSet {
    /// Adds the chunk at `index`.
    pub fn insert(&mut self, index: u32) {
        let byte = index as usize / 8;
        if self.0.len() <= byte {
            self.0.resize(byte + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(byte) {
            *bits |= 1 << (index % 8);
        }
    }

    /// The chunks in the set, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let bits = |(i, byte): (usize, &u8)| {
            let byte = *byte;
            (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| i as u32 * 8 + bit)
        };
        self.0.iter().enumerate().flat_map(bits)
    }
}

impl FromIterator<u32> for ChunkSet {
    fn from_iter<I: IntoIterator<Item = u32>>(indexes: I) -> Self {
        let mut set = Self::default();
        indexes.into_iter().for_each(|index| set.insert(index));
        set
    }
}

/// The bytes of a chunk frame: the chunk's index in the manifest, then the chunk.
pub fn chunk_frame(index: u32, chunk: &[u8]) -> Vec<u8> {
    [&index.to_le_bytes(), chunk].concat()
}

/// Splits a chunk frame into the chunk's index in the manifest and the chunk.
///
/// # Errors
/// [`Breach::Unreadable`] if the frame is too short for an index.
pub fn split_chunk_frame(frame: &[u8]) -> Result<(u32, &[u8]), Breach> {
    let (index, chunk) = frame.split_first_chunk().ok_or(Breach::Unreadable)?;
    Ok((u32::from_le_bytes(*index), chunk))
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Dataset, Signature, SnapshotHash};

    use super::*;
    use crate::frame::FrameKind;

    fn hello(role: Role, oldest: u16, protocol: u16) -> Hello {
        Hello { protocol, oldest, role, name: DeviceName::new("x"), commitment: [0; 32] }
    }

    #[test]
    fn agrees_on_newest_common_version() {
        let distributor = hello(Role::Distributor, 2, 4);
        assert_eq!(distributor.agree(&hello(Role::Receiver, 1, 3)), Ok(3));
        assert_eq!(distributor.agree(&hello(Role::Receiver, 5, 6)), Err(EndReason::Incompatible));
        assert_eq!(distributor.agree(&hello(Role::Receiver, 1, 1)), Err(EndReason::Incompatible));
        assert_eq!(distributor.agree(&hello(Role::Distributor, 2, 4)), Err(EndReason::SameRole));
    }

    #[test]
    fn decodes_messages_and_rejects_other_bytes() {
        let message = Message::Staged { chunks: 3, bytes: 1 << 40 };
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes), Ok(message));
        assert_eq!(Message::decode(&bytes[..bytes.len() - 1]), Err(Breach::Unreadable));
        assert_eq!(Message::decode(&[bytes, vec![0]].concat()), Err(Breach::Unreadable), "trailing bytes are an error");
        assert_eq!(Message::decode(&[0xff; 64]), Err(Breach::Unreadable));
    }

    #[test]
    fn answers_to_largest_offer_fit_in_frame() {
        let held = Held {
            as_of: ServerTime(i64::MAX),
            digest: Digest::from_bytes([0xff; 32]),
            records: u64::MAX,
            is_ahead: true,
        };
        let comparison = ComparisonResult::Conflict { as_of: held.as_of, records: held.records };
        let saved = vec![SavedSnapshot { digest: held.digest, comparison }; MAX_SNAPSHOTS];
        let answers = [
            Message::Accept(vec![held; MAX_SNAPSHOTS]),
            Message::Differs(vec![u16::MAX; MAX_SNAPSHOTS]),
            Message::Saved(Receipt { saved, at: i64::MAX, signature: Signature([0; 64]) }),
        ];
        for answer in answers {
            assert!(answer.encode().len() <= FrameKind::Control.max_len());
        }
    }

    #[test]
    fn removes_control_characters_from_peer_texts() {
        let wild = Message::Stop(EndReason::NotStored(format!("\u{1b}[2\u{202e}J\u{61c}{}", "x".repeat(999))));
        let Ok(Message::Stop(EndReason::NotStored(clean))) = Message::decode(&wild.encode()) else {
            panic!("another message")
        };
        assert_eq!(clean.chars().count(), 200);
        assert!(clean.starts_with("[2Jxx"));
    }

    #[test]
    fn rejects_overlong_names() {
        let offer = |name: usize| {
            let summary = SnapshotSummary {
                dataset: Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("b".into()) },
                project_name: "Nets".into(),
                boundary_name: "x".repeat(name),
                as_of: ServerTime(9),
                records: 50,
                households: 5,
                json_bytes: 5000,
                digest: Digest::EMPTY,
            };
            let (name, snapshot_hash, signature) =
                (DeviceName::new("office"), SnapshotHash([7; 32]), Signature([6; 64]));
            let provenance = Provenance { key: [5; 32], name, snapshot_hash, sources: Vec::new(), signature };
            Message::Offer(Offer { snapshots: vec![summary], provenance: vec![provenance], bytes: 500 })
        };
        assert_eq!(Message::decode(&offer(120).encode()), Ok(offer(120)));
        assert_eq!(Message::decode(&offer(121).encode()), Err(Breach::OutOfBounds));
    }

    #[test]
    fn gives_each_provenance_its_own_offer_id() {
        let provenance = |key| Provenance {
            key: [key; 32],
            name: DeviceName::new("office"),
            snapshot_hash: SnapshotHash([7; 32]),
            sources: Vec::new(),
            signature: Signature([6; 64]),
        };
        let offer = |provenance| Offer { provenance: vec![provenance], ..Offer::default() };
        let sender = Fingerprint([1; 32]);
        let id = offer(provenance(5)).id(&sender);
        assert_eq!(offer(Provenance { signature: Signature([8; 64]), ..provenance(5) }).id(&sender), id);
        assert_ne!(offer(provenance(6)).id(&sender), id);
        assert_ne!(offer(Provenance { snapshot_hash: SnapshotHash([8; 32]), ..provenance(5) }).id(&sender), id);
        assert_ne!(offer(provenance(5)).id(&Fingerprint([2; 32])), id);
    }

    #[test]
    fn iterates_chunk_set_in_order() {
        let wanted = [0, 7, 8, 9, 1000];
        assert_eq!(wanted.into_iter().rev().collect::<ChunkSet>().iter().collect::<Vec<_>>(), wanted);
        assert_eq!(ChunkSet::default().iter().count(), 0);
    }

    #[test]
    fn splits_chunk_frames() {
        assert_eq!(split_chunk_frame(&chunk_frame(7, b"abc")), Ok((7, &b"abc"[..])));
        assert_eq!(split_chunk_frame(b"abc"), Err(Breach::Unreadable));
    }
}
