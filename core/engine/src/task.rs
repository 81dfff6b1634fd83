//! Tasks, work on blocking threads, and locks. Tokio compiles kilobytes of code for each task type, so this module
//! boxes the futures to use few types.

use std::any::Any;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldcast_store::Store;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::Error;

/// A boxed future: the same type for all work with this result.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs `work` in a task.
pub(crate) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn::<Work<T>>(Box::pin(work))
}

/// Runs `work` on a blocking thread, even if the result is no longer needed.
pub(crate) fn blocking<T: Send + 'static, E: Into<Error>>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Work<Result<T, Error>> {
    let done = begin(Box::new(|| Box::new(work().map_err(Into::into))));
    Box::pin(async { done.await?.downcast::<Result<T, Error>>().map_err(mixed_up).and_then(|done| *done) })
}

/// Calls the store on a blocking thread.
pub(crate) fn on_store<T: Send + 'static, E: Into<Error>>(
    store: &Store,
    call: impl FnOnce(&Store) -> Result<T, E> + Send + 'static,
) -> Work<Result<T, Error>> {
    let store = store.clone();
    blocking(move || call(&store))
}

/// Waits for the work and removes it; pends forever if there is none. Cancel safe.
pub(crate) async fn next<T>(work: &mut Option<Work<T>>) -> T {
    match work {
        Some(running) => {
            let done = running.await;
            *work = None;
            done
        }
        None => std::future::pending().await,
    }
}

/// Locks the mutex even if a task has panicked while it held the lock: all values here are valid at any time.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begin(work: Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>) -> JoinHandle<Box<dyn Any + Send>> {
    spawn_blocking(work)
}

fn mixed_up(_: Box<dyn Any + Send>) -> Error {
    Error::Task("wrong result type".to_owned())
}
