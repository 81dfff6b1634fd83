//! How much of the bundle one receiver has, across its connections.

use super::event::SendProgress;

#[derive(Debug, Default)]
pub(super) struct ProgressTracker {
    shown: SendProgress,
    /// Bytes that were staged before this connection, or before this round of it.
    staged_before: u64,
    /// Bytes that were staged in the round of changes, if complete snapshots had to follow.
    staged_in_rounds: u64,
    /// Bytes over the sockets of earlier connections.
    wire_before: u64,
}

impl ProgressTracker {
    pub(super) fn shown(&self) -> SendProgress {
        self.shown
    }

    pub(super) fn begin_connection(&mut self) {
        self.wire_before = self.shown.wire;
    }

    pub(super) fn begin_second_round(&mut self) {
        self.staged_in_rounds = self.shown.staged;
    }

    /// The receiver still lacks these bytes. Bytes of earlier connections and rounds count as staged.
    pub(super) fn on_wanted(&mut self, wanted: u64) {
        self.shown.total = self.shown.total.max(self.staged_in_rounds + wanted);
        self.staged_before = self.shown.total - wanted;
        self.shown.staged = self.staged_before;
    }

    /// The receiver reports these bytes as staged in this round. The number can be wrong, so it is limited.
    pub(super) fn on_staged(&mut self, bytes: u64) {
        self.shown.staged = self.staged_before.saturating_add(bytes).min(self.shown.total);
    }

    /// This connection has moved these bytes so far.
    pub(super) fn on_wire(&mut self, bytes: u64) {
        self.shown.wire = self.wire_before + bytes;
    }
}
