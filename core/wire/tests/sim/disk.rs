//! Disk work of a receiver, as in the engine's `receive/staging.rs` and `receive/apply.rs`.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast_wire::{Applied, EndReason};

use super::conn::Stage;
use super::data::{Chunk, receipt};
use super::receiver_device::Slot;
use super::world::{Event, RECEIVER, World};

const COMMIT_BYTES: u64 = 3 << 20;
const COMMIT_AFTER: Duration = Duration::from_secs(1);

/// The receiver's machine always finishes an apply that has begun. No message stops it (see `regressions.rs`).
const FINISHES_APPLYING: bool = true;

/// Several chunks, one flush. During the flush one more chunk waits in the channel. The next one waits too, and then no
/// more frames are read.
#[derive(Debug, Default)]
pub(crate) struct Stager {
    wanted: u32,
    batch: Vec<(u32, u32)>,
    /// The number of the batch, to tell its timer from the timer of an earlier batch.
    number: u32,
    is_committing: bool,
    channel: VecDeque<(u32, u32)>,
    chunks: u32,
    bytes: u64,
}

impl Stager {
    pub(crate) fn new(wanted: u32) -> Self {
        Self { wanted, ..Self::default() }
    }
}

impl World {
    pub(crate) fn on_chunk(&mut self, c: usize, index: u32, name: u32, bytes: u32) {
        let conn = &mut self.conns[c];
        if !conn.receiver_side.on_chunk(index, self.now) {
            return;
        }
        assert!(conn.wanted.remove(&index), "chunk {index} was not requested");
        let expected = conn.work.manifest.chunks().nth(index as usize).map(|(_, chunk)| chunk.name);
        let receiver = &self.receivers[conn.receiver];
        assert!(receiver.disk.consent, "data before consent");
        if expected != Some(name) {
            return conn.receiver_side.stop(EndReason::BadData);
        }
        conn.taken.push(Chunk { name, bytes });
        self.stage(c, name, bytes);
    }

    fn stage(&mut self, c: usize, name: u32, bytes: u32) {
        let work = &mut self.conns[c].work;
        if !work.stager.is_committing {
            return self.take(c, name, bytes);
        }
        work.stager.channel.push_back((name, bytes));
        work.is_stager_full = work.stager.channel.len() > 1;
    }

    fn take(&mut self, c: usize, name: u32, bytes: u32) {
        let stager = &mut self.conns[c].work.stager;
        stager.batch.push((name, bytes));
        let total: u64 = stager.batch.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
        if total >= COMMIT_BYTES || stager.chunks + stager.batch.len() as u32 == stager.wanted {
            self.commit(c);
        } else if stager.batch.len() == 1 {
            stager.number += 1;
            let number = stager.number;
            self.push(COMMIT_AFTER, Event::BatchDue(c, number));
        }
    }

    fn commit(&mut self, c: usize) {
        self.conns[c].work.stager.is_committing = true;
        self.push_in(self.plan.receivers[self.conns[c].receiver].disk.clone(), Event::Committed(c));
    }

    /// A batch has waited long enough. An exchange that has ended commits no more.
    pub(crate) fn batch_due(&mut self, c: usize, number: u32) {
        let stager = &self.conns[c].work.stager;
        if self.is_open(c, RECEIVER) && stager.number == number && !stager.is_committing && !stager.batch.is_empty() {
            self.commit(c);
        }
    }

    /// A flush has finished, whether or not the exchange still runs.
    pub(crate) fn committed(&mut self, c: usize) {
        let conn = &mut self.conns[c];
        if conn.work.is_dead {
            return;
        }
        let stager = &mut conn.work.stager;
        for (name, bytes) in stager.batch.drain(..) {
            stager.chunks += 1;
            stager.bytes += u64::from(bytes);
            if self.receivers[conn.receiver].disk.consent {
                self.receivers[conn.receiver].disk.staged.insert(name, bytes);
            }
        }
        stager.is_committing = false;
        conn.work.reports.push_back((stager.chunks, stager.bytes));
        while !self.conns[c].work.stager.is_committing
            && let Some((name, bytes)) = self.conns[c].work.stager.channel.pop_front()
        {
            self.take(c, name, bytes);
        }
        self.conns[c].work.is_stager_full = self.conns[c].work.stager.channel.len() > 1;
        self.pump(c, RECEIVER);
    }

    pub(crate) fn apply(&mut self, c: usize) {
        let work = &mut self.conns[c].work;
        work.applying = Some(0);
        work.settled.resize(self.distributor_side.offer.snapshots.len(), None);
        self.push_in(self.plan.receivers[self.conns[c].receiver].apply.clone(), Event::ApplyStep(c));
    }

    /// The transaction of one dataset commits. Only a crash can stop it.
    pub(crate) fn apply_step(&mut self, c: usize) {
        let conn = &mut self.conns[c];
        let Some(dataset) = conn.work.applying.take() else { return };
        assert!(!FINISHES_APPLYING || !conn.receiver_side.is_over(), "the machine ended while it applies");
        let receiver = &mut self.receivers[conn.receiver];
        if conn.work.settled[dataset].is_none() {
            match receiver.disk.apply(dataset, &conn.work.manifest) {
                Ok(settled) => conn.work.settled[dataset] = settled,
                Err(()) => conn.work.applied = Some(Err(EndReason::DigestDiffers)),
            }
        }
        if conn.work.applied.is_none() && dataset + 1 < conn.work.settled.len() {
            conn.work.applying = Some(dataset + 1);
            return self.push_in(self.plan.receivers[self.conns[c].receiver].apply.clone(), Event::ApplyStep(c));
        }
        let differing = conn.work.settled.iter().zip(0..).filter(|(settled, _)| settled.is_none());
        let differing: Vec<u16> = differing.map(|(_, index)| index).collect();
        if conn.work.applied.is_none() && !differing.is_empty() {
            conn.work.applied = Some(Ok(Applied::Differs(differing)));
        } else if conn.work.applied.is_none() {
            let saved = receipt(&self.distributor_side.offer, conn.work.settled.iter().flatten().cloned());
            conn.work.applied = Some(Ok(Applied::Saved(saved)));
            receiver.disk.staged.clear();
        }
        // Applied data stays applied, whichever connection delivered it.
        let index = conn.receiver;
        for conn in self.conns.iter_mut().filter(|conn| conn.receiver == index) {
            (conn.sent, conn.taken) = Default::default();
        }
        if self.conns[c].ends[RECEIVER].stage == Stage::Gone {
            self.leave_slot(self.conns[c].receiver, Slot::Conn(c));
        }
        self.pump(c, RECEIVER);
    }
}
