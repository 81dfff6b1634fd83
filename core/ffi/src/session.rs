//! What jobs and sessions have in common.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use crate::FieldcastError;

/// Ends itself, once asked to, in good order.
pub(crate) trait Session: Send + Sync {
    /// Tells the other side and lets go of everything; nothing the second time.
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Something that is there until it is taken.
pub(crate) struct Slot<T>(Mutex<Option<T>>);

impl<T> From<Option<T>> for Slot<T> {
    fn from(content: Option<T>) -> Self {
        Self(Mutex::new(content))
    }
}

impl<T> Slot<T> {
    pub(crate) fn new(content: T) -> Self {
        Self(Mutex::new(Some(content)))
    }

    /// Looks at what is there; briefly, for others wait.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&T) -> R) -> Result<R, FieldcastError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(look).ok_or_else(FieldcastError::over)
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
