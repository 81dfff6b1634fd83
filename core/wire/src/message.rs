//! The messages of an exchange. They travel in control frames; manifests and chunks have frame kinds of their own.

use fieldcast_model::{DeviceName, Digest, Fingerprint, Origin, ServerTime, SnapshotSummary};
use serde::{Deserialize, Serialize};

use crate::{Breach, Credentials, EndReason, HandshakeSecret, Receipt};

/// The newest protocol version this build speaks.
pub const PROTOCOL: u16 = 1;
/// The oldest protocol version this build still speaks.
const OLDEST_PROTOCOL: u16 = 1;
/// The most snapshots one offer may hold.
pub const MAX_SNAPSHOTS: usize = 128;

/// Which side of an exchange a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Sends.
    Distributor,
    /// Receives.
    Receiver,
}

/// The first message of either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Newest protocol version spoken.
    pub protocol: u16,
    /// Oldest protocol version spoken.
    pub oldest: u16,
    /// What this side wants to be.
    pub role: Role,
    /// What people call the device.
    pub name: DeviceName,
    /// What this side's [`Message::Reveal`] will have to fit.
    pub commitment: [u8; 32],
}

impl Hello {
    /// This build's greeting.
    pub fn new(role: Role, name: DeviceName, opening: &HandshakeSecret) -> Self {
        Self { protocol: PROTOCOL, oldest: OLDEST_PROTOCOL, role, name, commitment: opening.commitment(role) }
    }

    /// The protocol version both sides speak, or why there is none.
    ///
    /// # Errors
    /// [`EndReason::SameRole`] and [`EndReason::Incompatible`].
    pub fn agree(&self, peer: &Self) -> Result<u16, EndReason> {
        if self.role == peer.role {
            return Err(EndReason::SameRole);
        }
        let newest = self.protocol.min(peer.protocol);
        if newest < self.oldest.max(peer.oldest) { Err(EndReason::Incompatible) } else { Ok(newest) }
    }
}

/// What the distributor offers: enough for a person to decide and for a device to say what it has already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The snapshots, at most [`MAX_SNAPSHOTS`].
    pub snapshots: Vec<SnapshotSummary>,
    /// Who answers for each of them. Nothing of it is to be believed before its signature was verified.
    pub origins: Vec<Origin>,
    /// Bytes on the wire if everything is new to the receiver.
    pub bytes: u64,
}

impl Offer {
    /// Names these snapshots, of these origins, from this sender. Under it a receiver stages chunks and remembers consent, so
    /// that the same offer after a lost connection goes on where it was. The same data from another origin is another offer.
    pub fn id(&self, sender: &Fingerprint) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&offer_id(sender, &self.snapshots));
        for Origin { key, seal, sources, .. } in &self.origins {
            hasher.update(key).update(&seal.0);
            hasher.update(&postcard::to_stdvec(sources).unwrap_or_default()); // plain data: cannot fail
        }
        *hasher.finalize().as_bytes()
    }

    fn is_bounded(&self) -> bool {
        self.snapshots.len() <= MAX_SNAPSHOTS
            && self.origins.len() == self.snapshots.len()
            && self.snapshots.iter().all(SnapshotSummary::is_bounded)
            && self.origins.iter().all(|origin| origin.sources.len() <= Origin::MAX_SOURCES)
    }
}

/// What a receipt names an offer by: its snapshots, which the history keeps, from this sender.
pub fn offer_id(sender: &Fingerprint, snapshots: &[SnapshotSummary]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&sender.0);
    hasher.update(&postcard::to_stdvec(snapshots).unwrap_or_default()); // plain data: cannot fail
    *hasher.finalize().as_bytes()
}

/// What a receiver holds of one offered dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The version it has; 0 if it never had a complete one.
    pub as_of: ServerTime,
    /// The digest of its records.
    pub digest: Digest,
    /// How many records that is.
    pub records: u64,
    /// Whether the receiver keeps its own version and wants nothing: it is later, has no fewer records, and comes from
    /// devices it trusts no less.
    pub is_ahead: bool,
}

impl Held {
    /// Of a dataset the receiver has nothing of.
    pub const NOTHING: Self = Self { as_of: ServerTime(0), digest: Digest::EMPTY, records: 0, is_ahead: false };
}

/// How one dataset stands on the receiver after it was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSnapshot {
    /// The digest of the receiver's records now.
    pub digest: Digest,
    /// Why it may differ from the distributor's.
    pub comparison: ComparisonResult,
}

/// How a receiver's dataset compares with the distributor's snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparisonResult {
    /// The digests are equal.
    Equal,
    /// All of the snapshot is in; of some records the receiver held, and kept, newer versions, or ones the distributor
    /// has never seen.
    KeptNewer {
        /// How many.
        records: u64,
    },
    /// The receiver's version of the whole dataset is later; nothing was sent, and it kept what it has.
    Ahead {
        /// The receiver's version.
        as_of: ServerTime,
    },
    /// The receiver held a later version with fewer records than offered. What it lacked is in, what it had later stayed:
    /// one of the two versions is not what it should be, which only a download tells.
    Conflict {
        /// The receiver's version before.
        as_of: ServerTime,
        /// How many of its records it kept.
        records: u64,
    },
}

impl ComparisonResult {
    /// How many records the receiver kept a newer version of, as it says.
    pub fn kept_newer(&self) -> u64 {
        match self {
            Self::KeptNewer { records } | Self::Conflict { records, .. } => *records,
            Self::Equal | Self::Ahead { .. } => 0,
        }
    }
}

/// A control message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Both: who I am. First on the connection.
    Hello(Hello),
    /// Distributor: this is what I have for you.
    Offer(Offer),
    /// Receiver: yes; one entry for each offered snapshot, saying what is held of it.
    Accept(Vec<Held>),
    /// Receiver, after the manifest: the chunks it lacks, one bit for each chunk of the manifest, lowest bit first.
    Want(ChunkSet),
    /// Receiver: so many of the wanted chunks are safe on disk.
    Staged {
        /// Chunks on disk since [`Message::Want`].
        chunks: u32,
        /// Their encoded bytes.
        bytes: u64,
    },
    /// Receiver: all chunks are here, the transaction runs, and so many records of it are done. Said again instead of
    /// [`Message::Alive`] while it runs.
    Applying {
        /// Records taken in since it began.
        records: u64,
    },
    /// Receiver, instead of [`Message::Saved`] and at most once: changes were applied, yet these offered snapshots still
    /// differ. The distributor answers with a manifest of all their chunks.
    Differs(Vec<u16>),
    /// Receiver: committed and compared. Nothing of it is to be believed before its signature was verified.
    Saved(Receipt),
    /// Either: I stop, and this is why. Last on the connection.
    Stop(EndReason),
    /// Either: still here.
    Alive,
    /// Both, once the peer's hello is there: the number this side has committed itself to, and what it may do.
    Reveal {
        /// The number.
        nonce: [u8; 32],
        /// What a campaign has said of this side, and of others.
        credentials: Credentials,
    },
    /// Receiver that has read an invite of this distributor, before its hello: the [`Token::proof`](crate::Token::proof) for this
    /// connection.
    Invited([u8; 32]),
}

impl Message {
    /// The bytes of the control frame.
    pub fn encode(&self) -> Vec<u8> {
        // Serialising plain data into memory has no way to fail.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Reads a control frame.
    ///
    /// # Errors
    /// [`Breach::Unreadable`] if the bytes are not exactly one message, [`Breach::OutOfBounds`] if an offer, a text in
    /// it or a list of statements is too long, or an offer does not say who answers for each snapshot.
    pub fn decode(bytes: &[u8]) -> Result<Self, Breach> {
        match postcard::take_from_bytes::<Self>(bytes) {
            Ok((Self::Offer(offer), _)) if !offer.is_bounded() => Err(Breach::OutOfBounds),
            Ok((Self::Reveal { credentials, .. }, _)) if !credentials.is_bounded() => Err(Breach::OutOfBounds),
            Ok((Self::Stop(reason), [])) => Ok(Self::Stop(reason.tamed())),
            Ok((message, [])) => Ok(message),
            _ => Err(Breach::Unreadable),
        }
    }
}

/// A set of chunks of one manifest, by their place in it.
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

    /// The chunks in it, in order.
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

/// The bytes of a chunk frame: the chunk's place in the manifest, then the chunk.
pub fn chunk_frame(index: u32, chunk: &[u8]) -> Vec<u8> {
    [&index.to_le_bytes(), chunk].concat()
}

/// Splits a chunk frame into the chunk's place in the manifest and the chunk.
///
/// # Errors
/// [`Breach::Unreadable`] if it is too short to name a place.
pub fn split_chunk_frame(frame: &[u8]) -> Result<(u32, &[u8]), Breach> {
    let (index, chunk) = frame.split_first_chunk().ok_or(Breach::Unreadable)?;
    Ok((u32::from_le_bytes(*index), chunk))
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Dataset, Signature, SnapshotHash};

    use super::*;

    fn hello(role: Role, oldest: u16, protocol: u16) -> Hello {
        Hello { protocol, oldest, role, name: DeviceName::new("x"), commitment: [0; 32] }
    }

    #[test]
    fn the_newest_common_version_is_agreed() {
        let distributor = hello(Role::Distributor, 2, 4);
        assert_eq!(distributor.agree(&hello(Role::Receiver, 1, 3)), Ok(3));
        assert_eq!(distributor.agree(&hello(Role::Receiver, 5, 6)), Err(EndReason::Incompatible));
        assert_eq!(distributor.agree(&hello(Role::Receiver, 1, 1)), Err(EndReason::Incompatible));
        assert_eq!(distributor.agree(&hello(Role::Distributor, 2, 4)), Err(EndReason::SameRole));
    }

    #[test]
    fn messages_read_back_and_nothing_else_does() {
        let message = Message::Staged { chunks: 3, bytes: 1 << 40 };
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes), Ok(message));
        assert_eq!(Message::decode(&bytes[..bytes.len() - 1]), Err(Breach::Unreadable));
        assert_eq!(Message::decode(&[bytes, vec![0]].concat()), Err(Breach::Unreadable), "one message a frame");
        assert_eq!(Message::decode(&[0xff; 64]), Err(Breach::Unreadable));
    }

    #[test]
    fn a_peers_words_cannot_steer_a_screen() {
        let wild = Message::Stop(EndReason::NotStored(format!("\u{1b}[2\u{202e}J\u{61c}{}", "x".repeat(999))));
        let Ok(Message::Stop(EndReason::NotStored(tame))) = Message::decode(&wild.encode()) else {
            panic!("another message")
        };
        assert_eq!(tame.chars().count(), 200);
        assert!(tame.starts_with("[2Jxx"));
    }

    #[test]
    fn a_name_longer_than_a_screen_is_refused() {
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
            let (name, seal, signature) = (DeviceName::new("office"), SnapshotHash([7; 32]), Signature([6; 64]));
            let origin = Origin { key: [5; 32], name, seal, sources: Vec::new(), signature };
            Message::Offer(Offer { snapshots: vec![summary], origins: vec![origin], bytes: 500 })
        };
        assert_eq!(Message::decode(&offer(120).encode()), Ok(offer(120)));
        assert_eq!(Message::decode(&offer(121).encode()), Err(Breach::OutOfBounds));
    }

    #[test]
    fn offer_from_another_origin_is_another_offer() {
        let origin = |key| Origin {
            key: [key; 32],
            name: DeviceName::new("office"),
            seal: SnapshotHash([7; 32]),
            sources: Vec::new(),
            signature: Signature([6; 64]),
        };
        let offer = |origin| Offer { origins: vec![origin], ..Offer::default() };
        let sender = Fingerprint([1; 32]);
        let id = offer(origin(5)).id(&sender);
        assert_eq!(offer(Origin { signature: Signature([8; 64]), ..origin(5) }).id(&sender), id);
        assert_ne!(offer(origin(6)).id(&sender), id);
        assert_ne!(offer(Origin { seal: SnapshotHash([8; 32]), ..origin(5) }).id(&sender), id);
        assert_ne!(offer(origin(5)).id(&Fingerprint([2; 32])), id);
    }

    #[test]
    fn chunk_sets_read_back_in_order() {
        let wanted = [0, 7, 8, 9, 1000];
        assert_eq!(wanted.into_iter().rev().collect::<ChunkSet>().iter().collect::<Vec<_>>(), wanted);
        assert_eq!(ChunkSet::default().iter().count(), 0);
    }

    #[test]
    fn chunk_frames_split() {
        assert_eq!(split_chunk_frame(&chunk_frame(7, b"abc")), Ok((7, &b"abc"[..])));
        assert_eq!(split_chunk_frame(b"abc"), Err(Breach::Unreadable));
    }
}
