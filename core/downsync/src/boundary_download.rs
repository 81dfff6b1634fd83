//! A boundary download, one page at a time.

use std::sync::{Arc, Mutex};

use fieldcast_model::{Dataset, ServerTime};

use crate::answer::{self, DownsyncAnswer, FileLink, LivePage, Unusable};
use crate::client::Client;
use crate::criteria::Criteria;
use crate::cursor::{CLOCK_OVERLAP_MS, Cursor};
use crate::error::Error;
use crate::failure::{Failure, Retry};
use crate::files::FileDownload;
use crate::http::Reply;
use crate::memory::Reservation;
use crate::page::{Page, PageRecords, Progress, Source, Unit};
use crate::parse::Parsed;
use crate::retry::Attempts;
use crate::roots::Roots;
use crate::session::Session;

/// How often a page with a foreign answer is requested again with another limit.
const OTHER_LIMITS: u32 = 3;

/// The options of a download.
#[derive(Clone, Debug, Default)]
pub struct DownsyncOptions {
    /// [`Project::root_id`](crate::Project). Pre-generated files belong to the root project. If the project's own id is
    /// used, a server with files leaves out beneficiaries and tasks; the client then asks again with this id.
    pub root_project: Option<String>,
    /// Report the project-wide records (HF referrals) of live pages. Each live page repeats all of them, so set this
    /// for one download per project; only its first page has them. Files contain those of their boundary and always
    /// report them.
    pub project_records: bool,
}

/// A boundary download. Request pages until there are none, and commit each one with its cursor. It does nothing
/// between calls. Cancel-safe: a dropped call has no effect. After an error, the next call requests the same page
/// again.
#[derive(Debug)]
pub struct Downsync {
    client: Client,
    session: Session,
    criteria: Criteria,
    options: DownsyncOptions,
    cursor: Cursor,
    files: Option<FileDownload>,
}

/// A usable answer and its metadata.
struct Fetched {
    answer: DownsyncAnswer,
    asked: u32,
    date: Option<ServerTime>,
    sent_ts: i64,
    json_bytes: u64,
    wire_bytes: u64,
    memory: Reservation,
}

enum AttemptError {
    Foreign,
    Failed(Failure),
}

impl From<Failure> for AttemptError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Client {
    /// Starts a download of `dataset` at `cursor`: [`Cursor::start`], or the last committed cursor.
    ///
    /// # Errors
    /// [`Error::Config`] for a dataset without a boundary: project-wide records come with the download of any boundary.
    pub fn downsync(
        &self,
        session: &Session,
        dataset: Dataset,
        cursor: Cursor,
        options: DownsyncOptions,
    ) -> Result<Downsync, Error> {
        let criteria = Criteria::new(dataset).ok_or_else(|| Error::config("a download needs a boundary"))?;
        Ok(Downsync { client: self.clone(), session: session.clone(), criteria, options, cursor, files: None })
    }
}

impl Downsync {
    /// The next page, or `None` at the end of the download.
    ///
    /// # Errors
    /// [`Error::SessionExpired`] (log in, then resume from the last committed cursor), [`Error::NotPrepared`],
    /// [`Error::Unreachable`], [`Error::Server`], [`Error::BadAnswer`].
    pub async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        if self.cursor.done {
            return Ok(None);
        }
        if self.files.is_none() {
            let fetched = self.fetch(&self.criteria.project).await?;
            let limit = self.client.config().limits.page.max(1);
            let server_time = server_time(&fetched);
            match fetched.answer {
                DownsyncAnswer::Page(page) => {
                    let as_of = server_time.map(|time| ServerTime(time.0.saturating_sub(CLOCK_OVERLAP_MS)));
                    let next = self.cursor.after(&page, fetched.asked, limit, as_of);
                    let mut page = self.live_page(page, next, server_time, (fetched.json_bytes, fetched.wire_bytes));
                    page._memory = Some(fetched.memory);
                    self.cursor = page.next.clone();
                    return Ok(Some(page));
                }
                DownsyncAnswer::Links(links) => {
                    drop(fetched.memory); // otherwise, one request of this download would wait for another one
                    let links = self.all_links(links).await?;
                    self.files = Some(FileDownload::new(&self.client, links, server_time)?);
                }
            }
        }
        let Some(files) = &mut self.files else { return Ok(None) };
        match files.next_page().await {
            Ok(page) => {
                self.cursor = page.next.clone();
                Ok(Some(page))
            }
            Err(error) => {
                // The links may have expired, or the files were replaced: the next call requests new links.
                self.files = None;
                self.cursor = Cursor::start();
                Err(error)
            }
        }
    }

    /// The links for the root project, if the links for the project itself do not cover all files.
    async fn all_links(&self, links: Vec<FileLink>) -> Result<Vec<FileLink>, Error> {
        let schema = self.client.schema();
        let has =
            |links: &[FileLink], wanted: &String| links.iter().any(|link| link.file_type.as_ref() == Some(wanted));
        let missing = |links: &[FileLink]| schema.file_types().filter(|wanted| !has(links, wanted)).count();
        let Some(root) = self.options.root_project.as_ref().filter(|root| **root != self.criteria.project) else {
            return Ok(links);
        };
        if missing(&links) == 0 {
            return Ok(links);
        }
        match self.fetch(root).await?.answer {
            DownsyncAnswer::Links(by_root) if missing(&by_root) < missing(&links) => Ok(by_root),
            _ => Ok(links),
        }
    }

    /// Requests the page at the cursor until the answer is usable.
    async fn fetch(&self, project: &str) -> Result<Fetched, Error> {
        let most = self.client.config().limits.page.max(1);
        let mut limit = if self.cursor.limit == 0 { most } else { self.cursor.limit.min(most) };
        let mut attempts = Attempts::new(self.client.config().retry);
        let mut foreign = 0;
        loop {
            match self.attempt(project, limit).await {
                Ok(fetched) => return Ok(fetched),
                Err(AttemptError::Foreign) if foreign < OTHER_LIMITS => {
                    foreign += 1;
                    limit += 1; // this gives another cache key than the one with the foreign page
                }
                Err(AttemptError::Foreign) => {
                    let what = "it belongs to another request, probably from a cache that keeps answers for 5 minutes";
                    return Err(Error::bad_answer(what));
                }
                Err(AttemptError::Failed(failure)) => {
                    // A page that fails repeatedly may be cut by a network component that does not report it.
                    if failure.retry == Retry::Smaller || attempts.failed() > 0 {
                        limit = (limit / 2).max(1);
                    }
                    attempts.wait_after(failure).await?;
                }
            }
        }
    }

    async fn attempt(&self, project: &str, limit: u32) -> Result<Fetched, AttemptError> {
        let criteria =
            Criteria { project: project.to_owned(), offset: self.cursor.offset, limit, ..self.criteria.clone() };
        let path = &self.client.config().paths.downsync;
        let body = serde_json::json!({ "DownsyncCriteria": criteria.body() });
        let (reply, sent_ts) = self.client.call(&self.session, path, &[], body).await?;
        let Reply { date, wire_bytes, text, mut memory, .. } = reply;
        let (json_bytes, text) = (text.len() as u64, Arc::new(text));
        let project_records = self.options.project_records && self.cursor.offset == 0;
        let answer = loop {
            let (layout, text, criteria) = (Arc::clone(self.client.layout()), Arc::clone(&text), criteria.clone());
            let most = memory.bytes();
            // Parsing a page of several megabytes must not block a thread that serves sockets.
            let read = move || answer::read(&text, &layout, &criteria, project_records, most);
            match tokio::task::spawn_blocking(read).await {
                Ok(Ok(answer)) => break answer,
                Ok(Err(Unusable::Foreign)) => return Err(AttemptError::Foreign),
                Ok(Err(Unusable::Malformed(what))) => return Err(Failure::passing(Error::bad_answer(what)).into()),
                Ok(Err(Unusable::TooLarge)) if memory.grow().await => {}
                Ok(Err(Unusable::TooLarge)) => return Err(Failure::too_much(Error::TooLarge { limit: most }).into()),
                Err(_) => return Err(Failure::fatal(Error::bad_answer("it could not be read")).into()),
            }
        };
        Ok(Fetched { answer, asked: limit, date, sent_ts, json_bytes, wire_bytes, memory })
    }

    fn live_page(
        &self,
        page: LivePage,
        next: Cursor,
        server_time: Option<ServerTime>,
        (json_bytes, wire_bytes): (u64, u64),
    ) -> Page {
        let done = next.households_total.map_or(next.offset, |total| next.offset.min(total));
        tracing::debug!(done, total = ?next.households_total, skipped = page.skipped, json_bytes, wire_bytes, "page");
        Page {
            records: PageRecords {
                layout: Arc::clone(self.client.layout()),
                roots: Arc::new(Mutex::new(Roots::default())),
                families: page.families,
                project: page.project,
            },
            progress: Progress { done, total: next.households_total, unit: Unit::Households },
            next,
            server_time,
            skipped: page.skipped,
            json_bytes,
            wire_bytes,
            source: Source::Live,
            _memory: None,
        }
    }
}

/// The server's clock when it answered.
///
/// DIGIT's services often copy `ResponseInfo.ts` from the request, which has this device's clock. So a value equal to
/// the sent one is ignored, and the `Date` header is used. Without both, the page gives a lower bound: it is not
/// older than the last change in it.
fn server_time(fetched: &Fetched) -> Option<ServerTime> {
    let DownsyncAnswer::Page(page) = &fetched.answer else { return fetched.date };
    let reported = page.ts.filter(|ts| ts.0 > 0 && ts.0 != fetched.sent_ts).or(fetched.date);
    reported.or_else(|| newest(&page.families))
}

/// The time of the last change in `records`.
fn newest(records: &[Parsed]) -> Option<ServerTime> {
    records.iter().map(|record| record.modified).max()
}
