//! Tasks. Tokio compiles kilobytes of code for each task type, so this module boxes the futures to use few types.

use std::any::Any;
use std::pin::Pin;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::Error;

/// A boxed future: the same type for all work with this result.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs `work` in a task.
pub(crate) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn::<Work<T>>(Box::pin(work))
}

/// Runs `work` on a blocking thread, even if the result is no longer needed.
pub(crate) fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Work<Result<T, Error>> {
    let made = begin(Box::new(|| Box::new(work())));
    Box::pin(async { made.await?.downcast().map(|made| *made).map_err(mixed_up) })
}

fn begin(work: Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>) -> JoinHandle<Box<dyn Any + Send>> {
    spawn_blocking(work)
}

fn mixed_up(_: Box<dyn Any + Send>) -> Error {
    Error::Task("wrong result type".to_owned())
}
