//! Parses a downsync answer: a page, or links to pre-generated files.

use std::collections::{BTreeSet, HashSet};

use fieldcast_model::{EntityType, RecordId, ServerTime};
use serde::Deserialize;

use crate::criteria::Criteria;
use crate::members::{Members, each_item};
use crate::parse::{Layout, Parsed};
use crate::schema::Scope;

/// The maximum number of pre-generated files for a boundary; there are four types.
const MAX_LINKS: usize = 1_000;

/// The answer of the server.
#[derive(Debug)]
pub(crate) enum DownsyncAnswer {
    Page(LivePage),
    Links(Vec<FileLink>),
}

/// Why an answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It answers other criteria and comes from a cache.
    Foreign,
    /// It does not match the documented interface.
    Malformed(&'static str),
    /// It needs more memory than the limit.
    TooLarge,
}

/// A page that the server generated on demand.
#[derive(Debug, Default)]
pub(crate) struct LivePage {
    pub(crate) families: Vec<Parsed>,
    pub(crate) project: Vec<Parsed>,
    /// The number of skipped entities.
    pub(crate) skipped: u64,
    /// The number of distinct households, including skipped ones.
    pub(crate) households: u64,
    pub(crate) total: Option<u64>,
    pub(crate) echoed_limit: Option<u64>,
    /// Types with a list in the answer, even if the list is empty.
    pub(crate) answered: BTreeSet<EntityType>,
    /// Whether a list of project-wide records was requested and received.
    pub(crate) project_read: bool,
    /// `ResponseInfo.ts`.
    pub(crate) ts: Option<ServerTime>,
}

/// A pre-generated file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileLink {
    pub(crate) file_type: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) record_count: Option<u64>,
}

/// Parses an answer to `criteria`. The answer and the parsed records may use `memory` bytes. Parses project-wide
/// records only if `project_records` is set: every page repeats them.
pub(crate) fn read(
    text: &str,
    layout: &Layout,
    criteria: &Criteria,
    project_records: bool,
    memory: u64,
) -> Result<DownsyncAnswer, Unusable> {
    let answer = Members::parse(text).ok_or(Unusable::Malformed("incomplete or invalid JSON"))?;
    if let Some(links) = answer.get("DownloadLinks") {
        return read_links(links)
            .map(DownsyncAnswer::Links)
            .ok_or(Unusable::Malformed("download links in an unknown format"));
    }
    let downsync = answer.get("Downsync").and_then(Members::parse);
    let downsync = downsync.ok_or(Unusable::Malformed("neither records nor download links"))?;
    let echo = downsync.get("DownsyncCriteria").and_then(Members::parse);
    let echo = echo.ok_or(Unusable::Malformed("records without criteria"))?;
    if !criteria.match_echo(&echo) {
        return Err(Unusable::Foreign);
    }
    let count = |path: &str| echo.integer(path).and_then(|n| u64::try_from(n).ok());
    let mut page = LivePage {
        total: count("totalCount"),
        echoed_limit: count("limit"),
        ts: answer.integer("ResponseInfo.ts").map(ServerTime),
        ..LivePage::default()
    };
    page.read_lists(&downsync, layout, project_records, memory.saturating_sub(text.len() as u64))?;
    Ok(DownsyncAnswer::Page(page))
}

fn read_links(text: &str) -> Option<Vec<FileLink>> {
    let mut links = Vec::new();
    each_item(text, |item| {
        links.extend(serde_json::from_str::<FileLink>(item));
        links.len() <= MAX_LINKS
    })?;
    Some(links)
}

impl LivePage {
    /// Parses the lists. Their records may use `memory` bytes.
    fn read_lists(
        &mut self,
        lists: &Members<'_>,
        layout: &Layout,
        project_records: bool,
        mut memory: u64,
    ) -> Result<(), Unusable> {
        for (kind, described) in layout.schema.entities().iter().enumerate() {
            let wanted = described.scope == Scope::Family || project_records;
            // A list is null if the server had nothing to search for, and absent for a type that it does not know.
            let Some(list) = lists.get(&described.response_key).filter(|_| wanted) else { continue };
            let mut ids: HashSet<RecordId> = HashSet::new();
            let (mut skipped, mut fits) = (0, true);
            let read = each_item(list, |item| {
                // The canonical form needs twice the size of the text.
                fits = 2 * item.len() as u64 <= memory;
                let Some(parsed) = fits.then(|| Parsed::read(layout, kind, item)).flatten() else {
                    skipped += 1;
                    return fits;
                };
                memory = memory.saturating_sub(parsed.memory());
                if described.is_root() {
                    ids.insert(parsed.id.clone());
                }
                match described.scope {
                    Scope::Family => self.families.push(parsed),
                    Scope::Project => self.project.push(parsed),
                }
                true
            });
            if !fits {
                return Err(Unusable::TooLarge);
            }
            read.ok_or(Unusable::Malformed("a value that should be a list"))?;
            self.skipped += skipped;
            if described.is_root() {
                self.households += ids.len() as u64 + skipped;
            }
            self.project_read |= described.scope == Scope::Project;
            self.answered.insert(described.entity.clone());
        }
        Ok(())
    }
}
