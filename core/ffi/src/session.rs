//! The common part of jobs and sessions.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use crate::FieldcastError;

/// Can end cleanly on request.
pub(crate) trait Session: Send + Sync {
    /// Notifies the other side and releases everything. A second call has no effect.
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A value that exists until it is taken.
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

    /// Reads the value. Keep it short, because other callers wait.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&T) -> R) -> Result<R, FieldcastError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(look).ok_or_else(FieldcastError::over)
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
