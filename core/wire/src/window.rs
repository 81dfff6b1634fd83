//! How much a distributor lets be on its way.

use std::collections::VecDeque;

/// Bytes of chunks that were sent and are not reported to be on the receiver's disk. If the receiver dies they are sent again,
/// wherever they wait at that moment: in its memory, or in the buffers of either system, which on a fast link hold megabytes.
/// With what TLS, TCP and IP add, and a second introduction, at most 4 MiB cross the air again. More than a receiver waits
/// for before it commits, so that neither waits for the other.
pub const MAX_UNSTAGED: u64 = (4 << 20) - (256 << 10);

/// The chunks on their way to one receiver.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The sizes of those that were sent and not reported, in order.
    unstaged: VecDeque<u32>,
    bytes: u64,
    /// How many were reported.
    staged: u32,
}

impl Window {
    /// Whether a chunk of this size may be sent now. One may always be.
    pub(crate) fn has_room(&self, size: u32) -> bool {
        self.unstaged.is_empty() || self.bytes + u64::from(size) <= MAX_UNSTAGED
    }

    /// A chunk of this size was sent.
    pub(crate) fn sent(&mut self, size: u32) {
        self.unstaged.push_back(size);
        self.bytes += u64::from(size);
    }

    /// So many chunks, in total, are on the receiver's disk. It may say anything; it only gets more to lose.
    pub(crate) fn staged(&mut self, chunks: u32) {
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
    fn what_is_not_on_disk_is_never_more_than_may_be_sent_again() {
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
        window.staged(2); // said again
        assert_eq!(fill(&mut window), 0);
        window.staged(u32::MAX); // not true
        assert_eq!((fill(&mut window), window.bytes), (3, 3 << 20));
    }

    #[test]
    fn a_chunk_larger_than_that_goes_alone() {
        let mut window = Window::default();
        assert!(window.has_room(8 * MIB));
        window.sent(8 * MIB);
        assert!(!window.has_room(1));
        window.staged(1);
        assert!(window.has_room(1));
    }
}
