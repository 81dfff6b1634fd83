//! Limits the data that a distributor has in transfer.

use std::collections::VecDeque;

/// The largest number of chunk bytes that were sent but are not yet reported as on the receiver's disk. If the receiver
/// crashes, these bytes are sent again, wherever they are at that moment: in its memory, or in the buffers of either
/// operating system, which hold megabytes on a fast link. Including the overhead of TLS, TCP and IP and a second
/// handshake, at most 4 MiB are sent again. The window is larger than the amount that a receiver collects before it
/// commits, so neither side waits for the other.
pub const MAX_UNSTAGED: u64 = (4 << 20) - (256 << 10);

/// The chunks in transfer to one receiver.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// The sizes of chunks that were sent and not yet reported, in order.
    unstaged: VecDeque<u32>,
    bytes: u64,
    /// How many chunks were reported.
    staged: u32,
}

impl Window {
    /// Whether a chunk of this size may be sent now. At least one chunk may always be in transfer.
    pub(super) fn has_room(&self, size: u32) -> bool {
        self.unstaged.is_empty() || self.bytes + u64::from(size) <= MAX_UNSTAGED
    }

    /// Records that a chunk of this size was sent.
    pub(super) fn sent(&mut self, size: u32) {
        self.unstaged.push_back(size);
        self.bytes += u64::from(size);
    }

    /// Records that `chunks` chunks in total are on the receiver's disk. A false report only makes the receiver lose
    /// more.
    pub(super) fn staged(&mut self, chunks: u32) {
        while self.staged < chunks
            && let Some(size) = self.unstaged.pop_front()
        {
            self.bytes -= u64::from(size);
            self.staged += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u32 = 1 << 20;

    #[test]
    fn limits_unstaged_bytes() {
        let mut window = Window::default();
        let fill = |window: &mut Window| {
            let mut sent = 0;
            while window.has_room(MIB) {
                window.sent(MIB);
                sent += 1;
            }
            sent
        };
        assert_eq!(fill(&mut window), 3);
        window.staged(2);
        assert_eq!(fill(&mut window), 2);
        window.staged(2); // repeated
        assert_eq!(fill(&mut window), 0);
        window.staged(u32::MAX); // false
        assert_eq!((fill(&mut window), window.bytes), (3, 3 << 20));
    }

    #[test]
    fn sends_oversized_chunk_alone() {
        let mut window = Window::default();
        assert!(window.has_room(8 * MIB));
        window.sent(8 * MIB);
        assert!(!window.has_room(1));
        window.staged(1);
        assert!(window.has_room(1));
    }
}
