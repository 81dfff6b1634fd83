//! Tasks. Tokio has kilobytes of machinery for each type of task, so here they are of few types.

use std::any::Any;
use std::pin::Pin;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::Error;

/// What is of one type whatever it does.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Does `work` beside whatever else goes on.
pub(crate) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn::<Work<T>>(Box::pin(work))
}

/// Does `work` where blocking is allowed, whether or not anybody waits for its result.
pub(crate) fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Work<Result<T, Error>> {
    let made = begin(Box::new(|| Box::new(work())));
    Box::pin(async { made.await?.downcast().map(|made| *made).map_err(mixed_up) })
}

fn begin(work: Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>) -> JoinHandle<Box<dyn Any + Send>> {
    spawn_blocking(work)
}

fn mixed_up(_: Box<dyn Any + Send>) -> Error {
    Error::Task("with another's result".to_owned())
}
