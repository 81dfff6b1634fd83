//! The queue of events for the listener. Adding an event never blocks; if the listener is too slow, old events are
//! dropped.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::Event;

/// The largest number of waiting events.
const MOST: usize = 512;

/// A queue from the runtime's threads to the thread that calls the listener.
#[derive(Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Event>,
    missed: u64,
    is_closed: bool,
}

impl Mailbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event. A progress event replaces a waiting progress event of the same session.
    pub(crate) fn put(&self, event: Event) {
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        if let Some(session) = event.progress_of() {
            state.waiting.retain(|waiting| waiting.progress_of() != Some(session));
        }
        if state.waiting.len() == MOST {
            state.waiting.pop_front();
            state.missed += 1;
        }
        state.waiting.push_back(event);
        drop(state);
        self.changed.notify_one();
    }

    /// Waits for the next event; `None` when the mailbox is closed and empty. Blocks.
    pub(crate) fn next(&self) -> Option<Event> {
        let mut state = self.state();
        loop {
            if state.missed > 0 {
                return Some(Event::Missed { events: std::mem::take(&mut state.missed) });
            }
            if let Some(event) = state.waiting.pop_front() {
                return Some(event);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Accepts no more events. Waiting events are still delivered.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReceiveState;

    fn progress(session: u64) -> Event {
        Event::ReceiveProgress { session, state: ReceiveState::Waiting }
    }

    fn drained(mailbox: &Mailbox) -> Vec<Event> {
        mailbox.close();
        std::iter::from_fn(|| mailbox.next()).collect()
    }

    #[test]
    fn replaces_waiting_progress_in_order() {
        let mailbox = Mailbox::default();
        for event in [progress(1), progress(2), Event::Over { session: 3 }, progress(1)] {
            mailbox.put(event);
        }
        assert_eq!(drained(&mailbox), [progress(2), Event::Over { session: 3 }, progress(1)]);
        mailbox.put(progress(9));
        assert_eq!(mailbox.next(), None, "closed");
    }

    #[test]
    fn reports_dropped_events_of_full_mailbox() {
        let mailbox = Mailbox::default();
        (0..MOST as u64 + 7).for_each(|session| mailbox.put(Event::Over { session }));
        let events = drained(&mailbox);
        assert_eq!(events[0], Event::Missed { events: 7 });
        assert_eq!(events[1], Event::Over { session: 7 });
        assert_eq!(events.len(), MOST + 1);
    }
}
