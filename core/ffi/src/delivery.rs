//! The listener, on a thread of its own: however long it takes, and whatever it throws, nothing else waits for it.

use std::sync::Arc;

use crate::mailbox::Mailbox;
use crate::runtime::thread;
use crate::{Event, FieldcastError};

/// Hears what happens. Called from one thread, one event after another, never from the caller's.
#[uniffi::export(foreign)]
pub trait EventListener: Send + Sync {
    /// Something happened. What this throws is logged by its kind and changes nothing.
    ///
    /// # Errors
    /// Whatever the app throws.
    fn on_event(&self, event: Event) -> Result<(), ListenerError>;
}

/// What a listener may throw.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// It failed.
    #[error("the listener failed: {reason}")]
    Failed {
        /// How.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

/// Starts the thread that gives the listener what comes into the mailbox, until that is closed.
pub(crate) fn start(mailbox: Arc<Mailbox>, listener: Arc<dyn EventListener>) -> Result<(), FieldcastError> {
    let deliver = move || {
        while let Some(event) = mailbox.next() {
            // Its words may be a stack trace, and may hold anything.
            if listener.on_event(event).is_err() {
                tracing::warn!("the event listener threw; it is told the next event all the same");
            }
        }
    };
    thread("fieldcast-events", deliver)
}
