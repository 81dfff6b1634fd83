//! A download from pre-generated files: gzip NDJSON, one line per entity, parents mostly before children.
//!
//! Files contain no deleted records and no checklists, and can be hours old. [`Cursor::answered`] distinguishes types
//! that files never contain from records that are gone. A killed process starts the files again, which costs bytes but
//! no data: the ids that connect records are spread over all files and are only in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use fieldcast_model::{Json, ServerTime};

use crate::answer::FileLink;
use crate::client::Client;
use crate::cursor::{CLOCK_OVERLAP_MS, Cursor};
use crate::error::Error;
use crate::lines::FileStream;
use crate::members::Members;
use crate::memory::Reservation;
use crate::page::{Page, PageRecords, Progress, Source, Unit};
use crate::parse::{self, Kind, Layout, Parsed};
use crate::roots::Roots;
use crate::schema::Scope;

/// A page is full at this number of records, bytes of JSON or bytes of memory, whichever comes first.
const PAGE_RECORDS: usize = 2_000;
const PAGE_BYTES: u64 = 4 << 20;

/// Bytes of memory for records that wait for their parents. Above this limit, records continue without them.
const MAX_POSTPONED: u64 = 16 << 20;

/// The state of a download from files.
#[derive(Debug)]
pub(crate) struct FileDownload {
    client: Client,
    /// The server's clock when it sent the links.
    server_time: Option<ServerTime>,
    files: Vec<File>,
    at: usize,
    stream: Option<FileStream>,
    /// Whole lines, and how many of their bytes are parsed.
    lines: (Vec<u8>, usize),
    roots: Arc<Mutex<Roots>>,
    postponed: Vec<Parsed>,
    postponed_memory: u64,
    /// The unfinished page. It is here so that a dropped call loses no data.
    draft: Draft,
    seen: FileCounters,
    /// The creation time of the oldest file.
    created: Option<ServerTime>,
}

/// One file to read.
#[derive(Debug)]
struct File {
    file_type: String,
    url: String,
    records: Option<u64>,
    /// The smallest kind in the file. Files are read in this order.
    first_kind: Kind,
}

/// Counters.
#[derive(Debug)]
struct FileCounters {
    lines: u64,
    lines_of_file: u64,
    households: u64,
    newest: Option<ServerTime>,
    verified_complete: bool,
}

/// An unfinished page.
#[derive(Debug, Default)]
struct Draft {
    families: Vec<Parsed>,
    project: Vec<Parsed>,
    skipped: u64,
    json_bytes: u64,
    wire_bytes: u64,
    /// Bytes of memory for its records.
    memory: u64,
    reservation: Option<Reservation>,
}

impl Draft {
    fn is_full(&self) -> bool {
        self.families.len() >= PAGE_RECORDS || self.json_bytes.max(self.memory) >= PAGE_BYTES
    }
}

impl FileDownload {
    pub(crate) fn new(client: &Client, links: Vec<FileLink>, server_time: Option<ServerTime>) -> Result<Self, Error> {
        if links.is_empty() {
            return Err(Error::NotPrepared);
        }
        let layout = client.layout();
        let mut files = Vec::with_capacity(links.len());
        for link in links {
            let file_type = link.file_type.unwrap_or_default();
            let url = link.url.ok_or_else(|| Error::bad_answer("a download link without an address"))?;
            let entities = layout.schema.entities();
            let first_kind = entities.iter().position(|e| e.file_type.as_ref() == Some(&file_type));
            files.push(File {
                file_type,
                url,
                records: link.record_count,
                first_kind: first_kind.unwrap_or(entities.len()),
            });
        }
        files.sort_by_key(|file| file.first_kind);
        let here: BTreeSet<&String> = files.iter().map(|file| &file.file_type).collect();
        // The id of a leaf project gets only links to the registry's files; then beneficiaries and tasks are missing.
        let complete = layout.schema.file_types().all(|file_type| here.contains(file_type));
        let counted = files.iter().all(|file| file.records.is_some());
        Ok(Self {
            client: client.clone(),
            server_time,
            files,
            at: 0,
            stream: None,
            lines: (Vec::new(), 0),
            roots: Arc::default(),
            postponed: Vec::new(),
            postponed_memory: 0,
            draft: Draft::default(),
            seen: FileCounters {
                lines: 0,
                lines_of_file: 0,
                households: 0,
                newest: None,
                verified_complete: complete && counted,
            },
            created: None,
        })
    }

    pub(crate) async fn next_page(&mut self) -> Result<Page, Error> {
        if self.draft.reservation.is_none() {
            self.draft.reservation = Some(self.client.http().memory.reserve().await);
        }
        while self.at < self.files.len() && !self.draft.is_full() {
            if self.lines.1 < self.lines.0.len() {
                self.take();
                continue;
            }
            let client = &self.client;
            let url = &self.files[self.at].url;
            let stream = self.stream.get_or_insert_with(|| FileStream::new(client, url));
            // During parsing, a line is in memory several times.
            if let Some(memory) = &mut self.draft.reservation
                && stream.rest() > memory.bytes() / 4
            {
                memory.grow().await;
            }
            let before = stream.received;
            let lines = stream.lines().await?;
            self.draft.wire_bytes += stream.received - before;
            match lines {
                Some(lines) => self.lines = (lines, 0),
                None => self.end_file(),
            }
        }
        Ok(self.page())
    }

    /// Parses lines until there are no more or the page is full.
    fn take(&mut self) {
        let layout = Arc::clone(self.client.layout());
        let (lines, mut at) = std::mem::take(&mut self.lines);
        while at < lines.len() && !self.draft.is_full() {
            let rest = &lines[at..];
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
            at += line.len() + 1;
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            self.seen.lines += 1;
            self.seen.lines_of_file += 1;
            self.draft.json_bytes += line.len() as u64;
            match read_line(&layout, line) {
                Line::Entity(parsed) => self.add_to_draft(&layout, parsed),
                Line::Unknown => {}
                Line::Broken => self.draft.skipped += 1,
            }
        }
        self.lines = (lines, at);
    }

    fn add_to_draft(&mut self, layout: &Layout, parsed: Parsed) {
        self.seen.newest = self.seen.newest.max(Some(parsed.modified));
        self.seen.households += u64::from(layout.is_root(parsed.kind));
        let memory = parsed.memory();
        let scope = layout.schema.entities()[parsed.kind].scope;
        if scope == Scope::Family
            && self.postponed_memory + memory <= MAX_POSTPONED
            && self.comes_early(layout, &parsed)
        {
            self.postponed_memory += memory;
            return self.postponed.push(parsed);
        }
        self.draft.memory += memory;
        match scope {
            // the project-wide records of this boundary: each download has others
            Scope::Project => self.draft.project.push(parsed),
            Scope::Family => self.draft.families.push(parsed),
        }
    }

    /// Whether a parent of the record is in a later file. This applies to rare records only (side effects, because
    /// tasks come last). Waiting gives them the same root as a live page, even if the parent of the task is missing.
    fn comes_early(&self, layout: &Layout, parsed: &Parsed) -> bool {
        let later = |kind: Kind| {
            let file_type = layout.schema.entities()[kind].file_type.as_ref();
            self.files.iter().skip(self.at + 1).any(|file| Some(&file.file_type) == file_type)
        };
        let parent_paths = layout.relations(parsed.kind).parent_paths.iter().zip(&parsed.parents);
        parent_paths.filter(|(_, id)| id.is_some()).any(|(path, _)| later(path.parent))
    }

    fn end_file(&mut self) {
        let file = &self.files[self.at];
        self.seen.verified_complete &= file.records.is_none_or(|records| records == self.seen.lines_of_file);
        tracing::debug!(file = %file.file_type, lines = self.seen.lines_of_file, reported = ?file.records, "file read");
        let created = self.stream.take().and_then(|stream| stream.last_modified);
        self.created = match (self.created, created) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.seen.lines_of_file = 0;
        self.at += 1;
    }

    fn page(&mut self) -> Page {
        let mut draft = std::mem::take(&mut self.draft);
        let done = self.at == self.files.len();
        if done {
            draft.families.append(&mut self.postponed);
        }
        let total = self.files.iter().map(|file| file.records).sum::<Option<u64>>();
        Page {
            next: if done { self.end() } else { Cursor::start() },
            server_time: self.server_time,
            records: PageRecords {
                layout: Arc::clone(self.client.layout()),
                roots: Arc::clone(&self.roots),
                families: draft.families,
                project: draft.project,
            },
            progress: Progress { done: self.seen.lines, total, unit: Unit::Records },
            skipped: draft.skipped,
            json_bytes: draft.json_bytes,
            wire_bytes: draft.wire_bytes,
            source: Source::Files,
            _memory: draft.reservation,
        }
    }

    /// The cursor at the end. Its `as_of` is the creation time of the oldest file. If the file store does not report
    /// it, `as_of` is the time of the newest record, because a file is not older than its records.
    fn end(&self) -> Cursor {
        let entities = self.client.layout().schema.entities();
        let read = |file_type: &String| self.files.iter().any(|file| file.file_type == *file_type);
        let answered = entities.iter().filter(|e| e.scope == Scope::Family && e.file_type.as_ref().is_some_and(read));
        let time = self.created.or(self.seen.newest);
        Cursor {
            offset: self.seen.households,
            households_total: Some(self.seen.households),
            as_of: time.map(|time| ServerTime(time.0.saturating_sub(CLOCK_OVERLAP_MS))),
            verified_complete: self.seen.verified_complete,
            answered: answered.map(|e| e.entity.clone()).collect(),
            done: true,
            ..Cursor::start()
        }
    }
}

enum Line {
    Entity(Parsed),
    /// A type that this build does not know.
    Unknown,
    Broken,
}

fn read_line(layout: &Layout, line: &[u8]) -> Line {
    let body = std::str::from_utf8(line).ok().and_then(parse::body);
    let tagged = body.and_then(|body| {
        let members = Members::parse(body.as_str())?;
        let tag = members.text("_t")?.into_owned();
        Some((tag, without_tag(body.as_str(), members.get("_t")?)))
    });
    let Some((tag, body)) = tagged else { return Line::Broken };
    let Some(kind) = layout.schema.kind_of_tag(&tag) else { return Line::Unknown };
    Parsed::from_body(layout, kind, body).map_or(Line::Broken, Line::Entity)
}

/// The canonical object without `_t`, which belongs to the file and not to the entity: a record from a file must equal
/// the same record from a page. `value` is the part of `object` with the value of the tag.
fn without_tag(object: &str, value: &str) -> Json {
    const NAME: &str = "\"_t\":";
    let at = value.as_ptr() as usize - object.as_ptr() as usize;
    let (before, after) = (&object[..at - NAME.len()], &object[at + value.len()..]);
    let text = match after.strip_prefix(',') {
        Some(rest) => [before, rest].concat(),
        None => [before.strip_suffix(',').unwrap_or(before), after].concat(),
    };
    Json::from_canonical(text)
}
