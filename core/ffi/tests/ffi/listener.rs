//! Listeners: one that forwards events, one that never returns, one that throws.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fieldcast_ffi::{Event, EventListener, ListenerError};

/// Longer than any expected wait in the tests.
const TIMEOUT: Duration = Duration::from_secs(60);

struct HandsOn(Mutex<Sender<Event>>);

impl EventListener for HandsOn {
    fn on_event(&self, event: Event) -> Result<(), ListenerError> {
        let _test_may_be_over = self.0.lock().unwrap().send(event);
        Ok(())
    }
}

/// The events that the listener received.
pub(crate) struct EventLog(Receiver<Event>);

impl EventLog {
    /// The first event that `pick` accepts. Earlier events are discarded.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = self.0.recv_timeout(TIMEOUT).unwrap();
            if let Some(found) = pick(event) {
                return found;
            }
        }
    }
}

pub(crate) fn listener() -> (Arc<dyn EventListener>, EventLog) {
    let (send, receive) = channel();
    (Arc::new(HandsOn(Mutex::new(send))), EventLog(receive))
}

/// Never returns from its first event.
pub(crate) struct Blocks;

impl EventListener for Blocks {
    fn on_event(&self, _: Event) -> Result<(), ListenerError> {
        loop {
            thread::park();
        }
    }
}

/// Throws at every event.
pub(crate) struct Throws;

impl EventListener for Throws {
    fn on_event(&self, _: Event) -> Result<(), ListenerError> {
        Err(ListenerError::Failed { reason: "as ever".to_owned() })
    }
}
