//! Calls the listener on a separate thread. A slow or failing listener blocks nothing else.

use std::sync::Arc;

use crate::mailbox::Mailbox;
use crate::runtime::thread;
use crate::{Event, FieldcastError};

/// Receives events. Fieldcast calls it from one separate thread, one event after another, never from the caller's
/// thread.
#[uniffi::export(foreign)]
pub trait EventListener: Send + Sync {
    /// Handles an event. An exception is logged by its type and has no other effect.
    ///
    /// # Errors
    /// Any exception of the app.
    fn on_event(&self, event: Event) -> Result<(), ListenerError>;
}

/// The error of a listener.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// The listener failed.
    #[error("the listener failed: {reason}")]
    Failed {
        /// Details.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

/// Starts the thread that passes events from the mailbox to the listener, until the mailbox is closed.
pub(crate) fn start(mailbox: Arc<Mailbox>, listener: Arc<dyn EventListener>) -> Result<(), FieldcastError> {
    let deliver = move || {
        while let Some(event) = mailbox.next() {
            // The text may be a stack trace and may contain private data, so it is not logged.
            if listener.on_event(event).is_err() {
                tracing::warn!("the event listener failed; it still receives the next event");
            }
        }
    };
    thread("fieldcast-events", deliver)
}
