//! Listeners: one that hands on, one that never returns, one that throws.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fieldcast_ffi::{Event, EventListener, ListenerError};

/// Whatever a test waits for comes well before this, or never.
const PATIENCE: Duration = Duration::from_secs(60);

struct HandsOn(Mutex<Sender<Event>>);

impl EventListener for HandsOn {
    fn on_event(&self, event: Event) -> Result<(), ListenerError> {
        let _test_may_be_over = self.0.lock().unwrap().send(event);
        Ok(())
    }
}

/// Events as the listener got them.
pub(crate) struct Heard(Receiver<Event>);

impl Heard {
    /// The first event that `pick` takes; those before it are gone.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = self.0.recv_timeout(PATIENCE).unwrap();
            if let Some(found) = pick(event) {
                return found;
            }
        }
    }
}

pub(crate) fn listener() -> (Arc<dyn EventListener>, Heard) {
    let (send, receive) = channel();
    (Arc::new(HandsOn(Mutex::new(send))), Heard(receive))
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
