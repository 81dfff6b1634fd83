//! What both drivers do with a connection: let the machine act, arm its timer, close.

use std::time::Duration;

use super::conn::{Frame, Stage};
use super::world::{DESK, Event, Side, World};

const LAST_WORDS: Duration = Duration::from_secs(5);

impl World {
    pub(crate) fn learn(&mut self, c: usize, side: Side) {
        match self.conns[c].ends[side].stage {
            Stage::Open => {
                self.conns[c].pipes[1 - side].inbox.push_back(Frame::Fin);
                self.pump(c, side);
            }
            Stage::Closing => self.finish(c, side),
            Stage::Gone => {}
        }
    }

    /// The machine said `Close`: its last action.
    pub(crate) fn close(&mut self, c: usize, side: Side) {
        let conn = &mut self.conns[c];
        let (is_over, more) = match side {
            DESK => (conn.distributor_side.is_over(), conn.distributor_side.poll().is_some()),
            _ => (conn.hand.is_over(), conn.hand.poll().is_some()),
        };
        assert!(is_over && !more, "close is the last action of a machine that is over");
        conn.ends[side].stage = Stage::Closing;
        conn.ends[side].fin_read |= conn.pipes[1 - side].inbox.drain(..).any(|frame| matches!(frame, Frame::Fin));
        self.send(c, side, Frame::Fin);
        self.write(c, 1 - side);
        self.push(LAST_WORDS, Event::LastWords(c, side));
    }

    pub(crate) fn finish_if_said(&mut self, c: usize, side: Side) {
        let end = &self.conns[c].ends[side];
        if end.stage == Stage::Closing && end.fin_written && end.fin_read {
            self.finish(c, side);
        }
    }

    /// The socket is dropped; what was not said by now never is.
    pub(crate) fn finish(&mut self, c: usize, side: Side) {
        let end = &mut self.conns[c].ends[side];
        if end.stage != Stage::Closing {
            return;
        }
        end.stage = Stage::Gone;
        if !end.fin_written {
            self.cut(c, [Some(Duration::from_millis(5)); 2]);
        }
        if side == DESK { self.desk_finished(c) } else { self.hand_finished(c) }
    }

    /// Lets a driver do all it can, then arms its timer and looks at its waits.
    pub(crate) fn pump(&mut self, c: usize, side: Side) {
        if !self.is_open(c, side) || self.conns[c].ends[side].is_blocked {
            return;
        }
        if side == DESK {
            self.pump_desk(c)
        } else {
            self.pump_hand(c)
        }
        self.write(c, 1 - side); // room was made
        if self.is_open(c, side) && !self.conns[c].ends[side].is_blocked {
            self.check_waits(c, side);
            let deadline = self.deadline(c, side).max(self.now);
            if self.conns[c].ends[side].armed.is_none_or(|armed| armed > deadline) {
                self.conns[c].ends[side].armed = Some(deadline);
                self.push(deadline - self.now, Event::Timer(c, side));
            }
        }
    }

    fn deadline(&self, c: usize, side: Side) -> Duration {
        if side == DESK { self.conns[c].distributor_side.deadline() } else { self.conns[c].hand.deadline() }
    }

    pub(crate) fn timer(&mut self, c: usize, side: Side) {
        if !self.is_open(c, side) || self.conns[c].ends[side].armed != Some(self.now) {
            return;
        }
        self.conns[c].ends[side].armed = None;
        if !self.conns[c].ends[side].is_blocked && self.deadline(c, side) <= self.now {
            let now = self.now;
            let conn = &mut self.conns[c];
            if side == DESK { conn.distributor_side.on_time(now) } else { conn.hand.on_time(now) }
        }
        self.pump(c, side);
    }
}
