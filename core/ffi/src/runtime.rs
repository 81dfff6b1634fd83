//! The threads for all work.

use std::any::Any;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fieldcast::Error;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use crate::FieldcastError;

/// How long a shutdown waits for work that cannot be interrupted, such as a transaction.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Starts a thread for work that may block without limit.
pub(crate) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), FieldcastError> {
    #[cfg(feature = "jni")]
    let work = || fieldcast_jvm::attached(work);
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(FieldcastError::no_threads)
}

/// A boxed future. It has the same type for all work, because tokio generates kilobytes of code for each task type.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Made = Box<dyn Any + Send>;

/// The runtime of one [`Fieldcast`](crate::Fieldcast). Dropping it stops its tasks without waiting for them.
pub(crate) struct Runtime {
    handle: Handle,
    owned: Mutex<Option<tokio::runtime::Runtime>>,
}

impl Runtime {
    /// Starts a runtime with this number of threads.
    pub(crate) fn start(workers: usize) -> Result<Self, FieldcastError> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers).thread_name("fieldcast").enable_all();
        #[cfg(feature = "jni")]
        builder.on_thread_start(fieldcast_jvm::attach).on_thread_stop(fieldcast_jvm::detach);
        let owned = builder.build().map_err(FieldcastError::no_threads)?;
        Ok(Self { handle: owned.handle().clone(), owned: Mutex::new(Some(owned)) })
    }

    /// Runs `work` on the runtime. Any thread may poll the future. Dropping the future drops the work.
    pub(crate) fn run<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Work<Result<T, FieldcastError>>
    where
        T: Send + 'static,
        E: Into<FieldcastError> + Send + 'static,
    {
        let work = async { work.await.map(|made| Box::new(made) as Made).map_err(Into::into) };
        let task = AbortOnDropHandle::new(self.handle.spawn::<Work<Result<Made, FieldcastError>>>(Box::pin(work)));
        let mixed_up = |_| Error::Task("with the result of another task".to_owned()).into();
        Box::pin(async move { task.await??.downcast().map(|made| *made).map_err(mixed_up) })
    }

    /// Runs `work` on the runtime, without a caller that waits for it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.handle.spawn::<Work<()>>(Box::pin(work))
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Stops all tasks and waits until they have ended, except those that exceed the time limit.
    pub(crate) async fn stop(&self) {
        let owned = self.owned.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(owned) = owned else { return };
        let (gone, is_gone) = oneshot::channel();
        // Waiting blocks, so it needs a separate thread. If that thread cannot start, the tasks stop without a wait.
        let waiting = std::thread::Builder::new().name("fieldcast-stop".to_owned()).spawn(move || {
            owned.shutdown_timeout(LAST_WORDS);
            let _caller_may_be_gone = gone.send(());
        });
        if waiting.is_ok() {
            let _gone = is_gone.await;
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let owned = self.owned.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(owned) = owned {
            owned.shutdown_background(); // a plain drop would block the current thread
        }
    }
}
