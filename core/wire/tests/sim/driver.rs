//! The common part of both sides: let the machine act, set its timer, close the connection.

use std::time::Duration;

use super::conn::{Frame, Stage};
use super::world::{DISTRIBUTOR, Event, Side, World};

const CLOSE_TIME: Duration = Duration::from_secs(5);

impl World {
    pub(crate) fn notice_loss(&mut self, c: usize, side: Side) {
        match self.conns[c].ends[side].stage {
            Stage::Open => {
                self.conns[c].pipes[1 - side].inbox.push_back(Frame::Fin);
                self.pump(c, side);
            }
            Stage::Closing => self.finish(c, side),
            Stage::Gone => {}
        }
    }

    /// The machine returned `Close`, its last action.
    pub(crate) fn close(&mut self, c: usize, side: Side) {
        let conn = &mut self.conns[c];
        let (is_over, more) = match side {
            DISTRIBUTOR => (conn.distributor_side.is_over(), conn.distributor_side.poll().is_some()),
            _ => (conn.receiver_side.is_over(), conn.receiver_side.poll().is_some()),
        };
        assert!(is_over && !more, "close is the last action of a machine that is over");
        conn.ends[side].stage = Stage::Closing;
        conn.ends[side].fin_read |= conn.pipes[1 - side].inbox.drain(..).any(|frame| matches!(frame, Frame::Fin));
        self.send(c, side, Frame::Fin);
        self.write(c, 1 - side);
        self.push(CLOSE_TIME, Event::CloseDone(c, side));
    }

    pub(crate) fn finish_if_said(&mut self, c: usize, side: Side) {
        let end = &self.conns[c].ends[side];
        if end.stage == Stage::Closing && end.fin_written && end.fin_read {
            self.finish(c, side);
        }
    }

    /// The socket is dropped. Unsent data is lost.
    pub(crate) fn finish(&mut self, c: usize, side: Side) {
        let end = &mut self.conns[c].ends[side];
        if end.stage != Stage::Closing {
            return;
        }
        end.stage = Stage::Gone;
        if !end.fin_written {
            self.cut(c, [Some(Duration::from_millis(5)); 2]);
        }
        if side == DISTRIBUTOR { self.distributor_finished(c) } else { self.receiver_finished(c) }
    }

    /// Runs one side until it can do no more, then sets its timer and checks its waits.
    pub(crate) fn pump(&mut self, c: usize, side: Side) {
        if !self.is_open(c, side) {
            return;
        }
        if side == DISTRIBUTOR {
            self.pump_distributor(c)
        } else {
            self.pump_receiver(c)
        }
        self.write(c, 1 - side); // there is room now
        if self.is_open(c, side) {
            self.check_waits(c, side);
            let deadline = self.deadline(c, side).max(self.now);
            if self.conns[c].ends[side].armed.is_none_or(|armed| armed > deadline) {
                self.conns[c].ends[side].armed = Some(deadline);
                self.push(deadline - self.now, Event::Timer(c, side));
            }
        }
    }

    fn deadline(&self, c: usize, side: Side) -> Duration {
        if side == DISTRIBUTOR {
            self.conns[c].distributor_side.deadline()
        } else {
            self.conns[c].receiver_side.deadline()
        }
    }

    pub(crate) fn timer(&mut self, c: usize, side: Side) {
        if !self.is_open(c, side) || self.conns[c].ends[side].armed != Some(self.now) {
            return;
        }
        self.conns[c].ends[side].armed = None;
        if self.deadline(c, side) <= self.now {
            let now = self.now;
            let conn = &mut self.conns[c];
            if conn.work.is_stager_full && side != DISTRIBUTOR {
                conn.receiver_side.on_bytes(now); // this side does not read
                conn.ends[side].last_received = now;
            }
            if side == DISTRIBUTOR { conn.distributor_side.on_time(now) } else { conn.receiver_side.on_time(now) }
        }
        self.pump(c, side);
    }
}
