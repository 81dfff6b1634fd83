//! Time-based UUIDs (version 1), which DIGIT's app makes: a time, and a tail that identifies the phone.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use super::uuid::parse_uuid;

/// The time of a version 1 UUID, without the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UuidV1Time {
    /// Milliseconds since 1970.
    pub(crate) millis: i64,
    /// Ticks of 100 ns within the millisecond: 0..10,000.
    pub(crate) ticks: i64,
}

const TICKS: i64 = 10_000;

/// Milliseconds from 1582-10-15, the epoch of version 1 UUIDs, to 1970.
const EPOCH: i64 = 12_219_292_800_000;

/// Characters of a printed UUID before the tail.
pub(crate) const TAIL_AT: usize = 19;

impl UuidV1Time {
    /// Returns the time, if the UUID has version 1.
    pub(crate) fn of(uuid: [u8; 16]) -> Option<Self> {
        let bits = (u128::from_be_bytes(uuid) >> 64) as u64;
        if bits >> 12 & 15 != 1 {
            return None;
        }
        let time = ((bits & 0xfff) << 48 | (bits >> 16 & 0xffff) << 32 | bits >> 32) as i64;
        Some(Self { millis: time / TICKS - EPOCH, ticks: time % TICKS })
    }

    /// Returns the UUID with this time and `tail`, or `None` if there is no such UUID.
    pub(crate) fn with_tail(self, tail: &str) -> Option<[u8; 16]> {
        if !(0..TICKS).contains(&self.ticks) {
            return None;
        }
        let time = self.millis.checked_add(EPOCH)?.checked_mul(TICKS)?.checked_add(self.ticks)?;
        if !(0..1 << 60).contains(&time) {
            return None;
        }
        let text = format!("{:08x}-{:04x}-1{:03x}-{tail}", time & 0xffff_ffff, time >> 32 & 0xffff, time >> 48);
        parse_uuid(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn restores_every_version_1_uuid(mut uuid: [u8; 16]) {
            uuid[6] = uuid[6] & 15 | 0x10;
            let text: String = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
            let tail = format!("{}-{}", &text[16..20], &text[20..]);
            prop_assert_eq!(UuidV1Time::of(uuid).unwrap().with_tail(&tail), Some(uuid));
        }
    }

    #[test]
    fn converts_time_to_unix_time() {
        let uuid = parse_uuid(b"c232ab00-9414-11ec-b3c8-9f6bdeced846").unwrap(); // RFC 9562, appendix A.1
        assert_eq!(UuidV1Time::of(uuid), Some(UuidV1Time { millis: 1_645_557_742_000, ticks: 0 }));
    }

    #[test]
    fn rejects_times_and_tails_out_of_range() {
        let tail = "b3c8-9f6bdeced846";
        assert!(UuidV1Time { millis: 0, ticks: 0 }.with_tail(tail).is_some());
        assert!(UuidV1Time { millis: 0, ticks: 10_000 }.with_tail(tail).is_none());
        assert!(UuidV1Time { millis: i64::MAX, ticks: 0 }.with_tail(tail).is_none());
        assert!(UuidV1Time { millis: -EPOCH - 1, ticks: 0 }.with_tail(tail).is_none());
        assert!(UuidV1Time { millis: 0, ticks: 0 }.with_tail("B3C8-9f6bdeced846").is_none());
    }
}
