//! A walk through pre-generated files: gzip NDJSON, one line an entity, parents mostly before children.
//!
//! Files hold no deleted records and no checklists, and may be hours old; what they lack by design is told apart from
//! what is gone by [`Cursor::answered`]. A process that is killed starts the files over, which costs bytes but no
//! data: ids that tie records together are spread over all of them and are kept in memory only.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use fieldcast_model::{Json, ServerTime};

use crate::answer::Link;
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

/// A page is full at this many records, bytes of JSON or bytes of memory, whichever comes first.
const PAGE_RECORDS: usize = 2_000;
const PAGE_BYTES: u64 = 4 << 20;

/// Bytes of memory of records held back until their parents have come; more are let go with what is known.
const MAX_HELD: u64 = 16 << 20;

/// The state of such a walk.
#[derive(Debug)]
pub(crate) struct FileWalk {
    client: Client,
    /// The server's clock when it gave the links.
    server_time: Option<ServerTime>,
    files: Vec<File>,
    at: usize,
    stream: Option<FileStream>,
    /// Whole lines, and how many of their bytes are read.
    lines: (Vec<u8>, usize),
    roots: Arc<Mutex<Roots>>,
    held: Vec<Parsed>,
    held_memory: u64,
    /// The page in the making; kept here so that a dropped call loses nothing.
    draft: Draft,
    seen: Seen,
    /// The earliest making of a file.
    made: Option<ServerTime>,
}

/// One file to read.
#[derive(Debug)]
struct File {
    file_type: String,
    url: String,
    records: Option<u64>,
    /// The least kind in it; the files are read in this order.
    first_kind: Kind,
}

/// What has been counted.
#[derive(Debug)]
struct Seen {
    lines: u64,
    lines_of_file: u64,
    households: u64,
    newest: Option<ServerTime>,
    sound: bool,
}

/// A page in the making.
#[derive(Debug, Default)]
struct Draft {
    families: Vec<Parsed>,
    project: Vec<Parsed>,
    skipped: u64,
    json_bytes: u64,
    wire_bytes: u64,
    /// Bytes of memory its records take.
    memory: u64,
    reservation: Option<Reservation>,
}

impl Draft {
    fn is_full(&self) -> bool {
        self.families.len() >= PAGE_RECORDS || self.json_bytes.max(self.memory) >= PAGE_BYTES
    }
}

impl FileWalk {
    pub(crate) fn new(client: &Client, links: Vec<Link>, server_time: Option<ServerTime>) -> Result<Self, Error> {
        if links.is_empty() {
            return Err(Error::NotPrepared);
        }
        let layout = client.layout();
        let mut files = Vec::with_capacity(links.len());
        for link in links {
            let file_type = link.file_type.unwrap_or_default();
            let url = link.url.ok_or_else(|| Error::bad_answer("a download link without address"))?;
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
        // A leaf project's id gets links to the registry's files alone; then beneficiaries and tasks are missing.
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
            held: Vec::new(),
            held_memory: 0,
            draft: Draft::default(),
            seen: Seen { lines: 0, lines_of_file: 0, households: 0, newest: None, sound: complete && counted },
            made: None,
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
            // A line is there a few times over while it is read.
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

    /// Reads lines until there is none or the page is full.
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
                Line::Entity(parsed) => self.sort_in(&layout, parsed),
                Line::Unknown => {}
                Line::Broken => self.draft.skipped += 1,
            }
        }
        self.lines = (lines, at);
    }

    fn sort_in(&mut self, layout: &Layout, parsed: Parsed) {
        self.seen.newest = self.seen.newest.max(Some(parsed.modified));
        self.seen.households += u64::from(layout.is_root(parsed.kind));
        let memory = parsed.memory();
        let scope = layout.schema.entities()[parsed.kind].scope;
        if scope == Scope::Family && self.held_memory + memory <= MAX_HELD && self.comes_early(layout, &parsed) {
            self.held_memory += memory;
            return self.held.push(parsed);
        }
        self.draft.memory += memory;
        match scope {
            Scope::Project => self.draft.project.push(parsed), // its own boundary's: each walk brings others
            Scope::Family => self.draft.families.push(parsed),
        }
    }

    /// Whether a parent the record names stands in a file still to come. Rare records only (side effects, whose tasks
    /// come last), and waiting gives them the root a live page would, even where the task's own parent is missing.
    fn comes_early(&self, layout: &Layout, parsed: &Parsed) -> bool {
        let later = |kind: Kind| {
            let file_type = layout.schema.entities()[kind].file_type.as_ref();
            self.files.iter().skip(self.at + 1).any(|file| Some(&file.file_type) == file_type)
        };
        let ways = layout.ties(parsed.kind).ways.iter().zip(&parsed.parents);
        ways.filter(|(_, id)| id.is_some()).any(|(way, _)| later(way.parent))
    }

    fn end_file(&mut self) {
        let file = &self.files[self.at];
        self.seen.sound &= file.records.is_none_or(|records| records == self.seen.lines_of_file);
        tracing::debug!(file = %file.file_type, lines = self.seen.lines_of_file, told = ?file.records, "file read");
        let made = self.stream.take().and_then(|stream| stream.last_modified);
        self.made = match (self.made, made) {
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
            draft.families.append(&mut self.held);
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

    /// The cursor of a finished walk. As of the making of the oldest file; where the store does not say when that was,
    /// as of the newest record: a file is no older than what it holds.
    fn end(&self) -> Cursor {
        let entities = self.client.layout().schema.entities();
        let read = |file_type: &String| self.files.iter().any(|file| file.file_type == *file_type);
        let answered = entities.iter().filter(|e| e.scope == Scope::Family && e.file_type.as_ref().is_some_and(read));
        let time = self.made.or(self.seen.newest);
        Cursor {
            offset: self.seen.households,
            households_total: Some(self.seen.households),
            as_of: time.map(|time| ServerTime(time.0.saturating_sub(CLOCK_OVERLAP_MS))),
            sound: self.seen.sound,
            answered: answered.map(|e| e.entity.clone()).collect(),
            done: true,
            ..Cursor::start()
        }
    }
}

enum Line {
    Entity(Parsed),
    /// Of a type this build does not know.
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

/// The canonical object without its `_t`, which is the file's and not the entity's: the same record must be the same
/// whether it came by page or by file. `value` is the part of `object` that is the tag's value.
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
