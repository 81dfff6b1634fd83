//! Downloads the chosen boundaries: several at once, each page committed together with its cursor.

use std::sync::Arc;
use std::time::Duration;

use fieldcast_downsync::{Client, Cursor, Downsync, DownsyncOptions, Page, Project, Session};
use fieldcast_model::{Dataset, ServerTime, SnapshotSummary};
use fieldcast_store::{Completeness, Merged, PageCommit, RunId, ServerClock, Store, SyncCursor, SyncStart, SyncTarget};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::events::EventBus;
use crate::task::{self, Work, on_store};
use crate::{Error, Subscription, clock};

/// How many boundaries are downloaded at the same time. The server runs a dozen queries for each page.
const AT_ONCE: usize = 3;

/// An unfinished run is resumed only if its first page is not older than this, in ms by the server's clock.
const RESUMABLE_MS: i64 = 12 * 60 * 60 * 1000;

/// The download progress of one boundary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundaryProgress {
    /// Households that arrived, or records if the server provides files.
    pub done: u64,
    /// The total, if the server gives it.
    pub total: Option<u64>,
    /// Bytes transferred, over all attempts.
    pub wire_bytes: u64,
    /// Records that are new or changed since the job began.
    pub changed: u64,
    /// Time since the job began.
    pub elapsed: Duration,
}

/// An event of a [`DownsyncJob`].
#[derive(Clone, Debug)]
pub enum DownsyncEvent {
    /// A page of a boundary is committed.
    Progress {
        /// The boundary's code.
        boundary: String,
        /// Its progress.
        progress: BoundaryProgress,
    },
    /// A boundary is complete.
    Done {
        /// The boundary's code.
        boundary: String,
        /// The dataset as it is now.
        summary: SnapshotSummary,
        /// Its final progress.
        progress: BoundaryProgress,
    },
    /// The download of a boundary failed. Committed pages stay, and the next job resumes from there.
    Failed {
        /// The boundary's code.
        boundary: String,
        /// The error, for the user.
        error: Arc<Error>,
    },
}

/// The result of a job.
#[derive(Clone, Debug, Default)]
pub struct DownsyncReport {
    /// Completed boundaries: the dataset as it is now, and the progress with the number of changed records.
    pub done: Vec<(SnapshotSummary, BoundaryProgress)>,
    /// Failed boundaries, with the error.
    pub failed: Vec<(String, Arc<Error>)>,
}

/// A download of several boundaries. Dropping it stops it; committed pages stay.
pub struct DownsyncJob {
    events: EventBus<DownsyncEvent>,
    task: AbortOnDropHandle<DownsyncReport>,
}

/// What to download, from which server and with which login session.
pub(crate) struct DownsyncRequest {
    pub(crate) client: Client,
    pub(crate) server: String,
    pub(crate) session: Session,
    pub(crate) project: Project,
    pub(crate) tenant: String,
    /// Code and name of each boundary.
    pub(crate) boundaries: Vec<(String, String)>,
}

impl DownsyncJob {
    pub(crate) fn start(store: Store, request: DownsyncRequest) -> Self {
        let events = EventBus::new();
        let task = task::spawn(run(store, Arc::new(request), events.clone()));
        Self { events, task: AbortOnDropHandle::new(task) }
    }

    /// The job's events from now on. The first subscriber gets all events since the start.
    pub fn subscribe(&self) -> Subscription<DownsyncEvent> {
        self.events.subscribe()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// Only [`Error::Task`]. A boundary that failed is in the report.
    pub async fn finished(self) -> Result<DownsyncReport, Error> {
        Ok(self.task.await?)
    }
}

async fn run(store: Store, request: Arc<DownsyncRequest>, events: EventBus<DownsyncEvent>) -> DownsyncReport {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for index in 0..request.boundaries.len() {
        let download =
            BoundaryDownload { store: store.clone(), request: request.clone(), events: events.clone(), index };
        let permits = permits.clone();
        tasks.spawn::<Work<_>>(Box::pin(async move {
            let _permit = permits.acquire().await;
            (index, download.run().await)
        }));
    }
    let mut outcomes = tasks.join_all().await;
    outcomes.sort_by_key(|(index, _)| *index);
    let mut report = DownsyncReport::default();
    for (index, outcome) in outcomes {
        match outcome {
            Ok(done) => report.done.push(done),
            Err(error) => report.failed.push((request.boundaries[index].0.clone(), error)),
        }
    }
    report
}

/// The download of one boundary.
struct BoundaryDownload {
    store: Store,
    request: Arc<DownsyncRequest>,
    events: EventBus<DownsyncEvent>,
    index: usize,
}

impl BoundaryDownload {
    async fn run(self) -> Result<(SnapshotSummary, BoundaryProgress), Arc<Error>> {
        let boundary = self.request.boundaries[self.index].0.clone();
        match self.download().await {
            Ok((summary, progress)) => {
                let (done_summary, done_progress) = (summary.clone(), progress.clone());
                self.events.publish(DownsyncEvent::Done { boundary, summary: done_summary, progress: done_progress });
                Ok((summary, progress))
            }
            Err(error) => {
                let error = Arc::new(error);
                self.events.publish(DownsyncEvent::Failed { boundary, error: error.clone() });
                Err(error)
            }
        }
    }

    async fn download(&self) -> Result<(SnapshotSummary, BoundaryProgress), Error> {
        let begun = tokio::time::Instant::now();
        let (boundary, dataset) = (self.request.boundaries[self.index].0.clone(), self.target().dataset);
        let (mut at, mut cursor) = self.resume().await?;
        let mut pages = self.pages_from(cursor.clone())?;
        let mut progress = BoundaryProgress { wire_bytes: at.bytes, ..BoundaryProgress::default() };
        let mut resumed = at.as_of;
        while let Some(page) = pages.next_page().await? {
            if is_too_old(resumed.take(), &page) {
                tracing::info!(%boundary, "the unfinished download is too old to resume; it restarts");
                at = self.begin(SyncStart::Fresh).await?;
                pages = self.pages_from(Cursor::start())?;
                progress.wire_bytes += page.wire_bytes;
                continue;
            }
            cursor = page.next.clone();
            progress.wire_bytes += page.wire_bytes;
            (progress.done, progress.total) = (page.progress.done, page.progress.total);
            let merged = self.commit(at.run, &dataset, page).await?;
            progress.changed += merged.inserted + merged.updated;
            progress.elapsed = begun.elapsed();
            self.events.publish(DownsyncEvent::Progress { boundary: boundary.clone(), progress: progress.clone() });
        }
        let (families, project_wide) = (boundary_completeness(&cursor), project_completeness(&cursor));
        let summary = on_store(&self.store, move |store| store.finish_sync(at.run, &families, &project_wide)).await?;
        progress.changed += summary.gone + summary.restored;
        progress.elapsed = begun.elapsed();
        Ok((summary.summary, progress))
    }

    /// The unfinished run and its cursor, or a new run.
    async fn resume(&self) -> Result<(SyncCursor, Cursor), Error> {
        let at = self.begin(SyncStart::Resume).await?;
        let position = at.position.as_deref().and_then(|text| serde_json::from_str::<Cursor>(text).ok());
        match position {
            // The run has its last page but was not finished. Its age is unknown, because no further page will come
            // with the server's time.
            Some(cursor) if cursor.done => Ok((self.begin(SyncStart::Fresh).await?, Cursor::start())),
            position => Ok((at, position.unwrap_or_else(Cursor::start))),
        }
    }

    async fn begin(&self, start: SyncStart) -> Result<SyncCursor, Error> {
        let target = self.target();
        on_store(&self.store, move |store| store.begin_sync(&target, start)).await
    }

    fn pages_from(&self, from: Cursor) -> Result<Downsync, Error> {
        // The server repeats the project's own records on every page of every boundary, so one boundary download is
        // enough to read them.
        let project_records = self.index == 0;
        let options = DownsyncOptions { project_records, root_project: Some(self.request.project.root_id.clone()) };
        Ok(self.request.client.downsync(&self.request.session, self.target().dataset, from, options)?)
    }

    fn target(&self) -> SyncTarget {
        let (boundary, boundary_name) = self.request.boundaries[self.index].clone();
        let (tenant, project) = (self.request.tenant.clone(), self.request.project.id.clone());
        SyncTarget {
            server: self.request.server.clone(),
            dataset: Dataset { tenant, project, boundary: Some(boundary) },
            project_name: self.request.project.name.clone(),
            boundary_name,
        }
    }

    /// Assigns the page's records to their roots and commits them together with the next cursor.
    async fn commit(&self, run: RunId, dataset: &Dataset, page: Page) -> Result<Merged, Error> {
        if page.skipped > 0 {
            tracing::warn!(skipped = page.skipped, "the server sent entities without an id; they are skipped");
        }
        let dataset = dataset.clone();
        on_store(&self.store, move |store| {
            let batch = page.records.resolve(|wanted| store.roots_of(&dataset, wanted))?;
            store.commit_page(&PageCommit {
                run,
                as_of: page.next.as_of,
                position: serde_json::to_string(&page.next).unwrap_or_default(), // cannot fail: plain data
                done: page.progress.done,
                total: page.progress.total.unwrap_or(0),
                bytes: page.wire_bytes,
                clock: page.server_time.map(|server| ServerClock { server, device: clock::now() }),
                families: batch.families,
                project_wide: batch.project,
            })
        })
        .await
    }
}

/// Whether a resumed run is too old: its first pages would be reported as today's data.
fn is_too_old(run: Option<ServerTime>, page: &Page) -> bool {
    run.zip(page.server_time).is_some_and(|(run, now)| now.0.saturating_sub(run.0) > RESUMABLE_MS)
}

/// How complete a finished download is for the project's records outside all boundaries. The server gives no count for
/// them, so a missing record is never taken as deleted.
fn project_completeness(cursor: &Cursor) -> Completeness {
    if cursor.project_read {
        Completeness::Verified { households: 0, answered: Vec::new() }
    } else {
        Completeness::Partial
    }
}

/// How complete a finished download is for its boundary.
fn boundary_completeness(cursor: &Cursor) -> Completeness {
    match cursor.households_total {
        Some(households) if cursor.verified_complete => {
            Completeness::Verified { households, answered: cursor.answered.iter().cloned().collect() }
        }
        _ => Completeness::Complete,
    }
}
