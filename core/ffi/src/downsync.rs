//! Downloads.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use fieldcast::{BoundaryProgress, DownsyncEvent, Engine, Project};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::core::Core;
use crate::session::{Session, Slot};
use crate::throttle::Shape;
use crate::{BoundaryState, DownsyncReport, Event, FieldcastError};

/// A download of several boundaries. Releasing this object stops the download. Downloaded data is kept, and the next
/// job continues from there.
#[derive(uniffi::Object)]
pub struct DownsyncJob {
    id: u64,
    task: Slot<AbortOnDropHandle<()>>,
    report: watch::Receiver<Option<Result<DownsyncReport, FieldcastError>>>,
    /// Keeps the threads alive as long as the job exists.
    _core: Arc<Core>,
}

impl DownsyncJob {
    pub(crate) async fn start(
        core: Arc<Core>,
        project: Project,
        boundaries: Vec<String>,
    ) -> Result<Arc<Self>, FieldcastError> {
        let job = core.run(|engine: Engine| async move { engine.downsync(project, &boundaries).await }).await?;
        let id = core.next_id();
        core.tell(id, job.subscribe(), Progress { job: id, running: BTreeMap::new(), is_new: false });
        let (done, report) = watch::channel(None);
        let task = core.runtime.spawn(async move {
            let report = job.finished().await.map(Into::into).map_err(Into::into);
            done.send_replace(Some(report));
        });
        let job = Arc::new(Self { id, task: Slot::new(AbortOnDropHandle::new(task)), report, _core: core.clone() });
        let ended: Weak<Self> = Arc::downgrade(&job);
        core.add(ended);
        Ok(job)
    }
}

#[uniffi::export]
impl DownsyncJob {
    /// The job number in its events.
    ///
    /// # Errors
    /// None.
    pub fn id(&self) -> Result<u64, FieldcastError> {
        Ok(self.id)
    }

    /// Waits for the end. The report lists the boundaries that failed.
    ///
    /// # Errors
    /// [`FieldcastError::Over`] if the download was cancelled.
    pub async fn finished(&self) -> Result<DownsyncReport, FieldcastError> {
        let mut report = self.report.clone();
        let report = report.wait_for(Option::is_some).await.map_err(|_| FieldcastError::over())?;
        report.clone().unwrap_or_else(|| Err(FieldcastError::over()))
    }

    /// Cancels the download. Saved pages are kept.
    ///
    /// # Errors
    /// None.
    pub fn cancel(&self) -> Result<(), FieldcastError> {
        drop(self.task.take());
        Ok(())
    }
}

impl Session for DownsyncJob {
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        drop(self.task.take());
        Box::pin(std::future::ready(()))
    }
}

/// Progress of the boundaries that have started and not ended.
struct Progress {
    job: u64,
    running: BTreeMap<String, BoundaryProgress>,
    is_new: bool,
}

impl Shape for Progress {
    type Item = DownsyncEvent;

    fn take(&mut self, event: DownsyncEvent) -> Option<Event> {
        let job = self.job;
        match event {
            DownsyncEvent::Progress { boundary, progress } => {
                self.running.insert(boundary, progress);
                self.is_new = true;
                None
            }
            DownsyncEvent::Done { boundary, summary, progress } => {
                self.running.remove(&boundary);
                Some(Event::BoundaryDone { job, summary, progress })
            }
            DownsyncEvent::Failed { boundary, error } => {
                self.running.remove(&boundary);
                Some(Event::BoundaryFailed { job, boundary, error: FieldcastError::from(&*error) })
            }
        }
    }

    fn progress(&mut self) -> Option<Event> {
        let boundaries = self.running.iter();
        let boundaries = boundaries
            .map(|(boundary, progress)| BoundaryState { boundary: boundary.clone(), progress: progress.clone() });
        let is_new = std::mem::take(&mut self.is_new) && !self.running.is_empty();
        is_new.then(|| Event::DownsyncProgress { job: self.job, boundaries: boundaries.collect() })
    }
}
