//! Reading a downsync answer: a page, or links to pre-generated files.

use std::collections::{BTreeSet, HashSet};

use fieldcast_model::{EntityType, RecordId, ServerTime};
use serde::Deserialize;

use crate::criteria::Criteria;
use crate::members::{Members, items};
use crate::parse::{Layout, Parsed};
use crate::schema::Scope;

/// What the server answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Page(LivePage),
    Links(Vec<Link>),
}

/// Why an answer is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It answers other criteria: a cache's.
    Foreign,
    /// It is not what the interface says.
    Malformed(&'static str),
}

/// A page made on demand.
#[derive(Debug, Default)]
pub(crate) struct LivePage {
    pub(crate) families: Vec<Parsed>,
    pub(crate) project: Vec<Parsed>,
    /// Entities left out.
    pub(crate) skipped: u64,
    /// Distinct households, those left out included.
    pub(crate) households: u64,
    pub(crate) total: Option<u64>,
    pub(crate) echoed_limit: Option<u64>,
    /// Types whose list came, be it empty.
    pub(crate) answered: BTreeSet<EntityType>,
    /// Whether a list of project-wide records was asked for and came.
    pub(crate) project_read: bool,
    /// `ResponseInfo.ts`.
    pub(crate) ts: Option<ServerTime>,
}

/// A pre-generated file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Link {
    pub(crate) file_type: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) record_count: Option<u64>,
}

/// Reads an answer to `criteria`. Project-wide records are read only if `project_records`: every page repeats them.
pub(crate) fn read(
    text: &str,
    layout: &Layout,
    criteria: &Criteria,
    project_records: bool,
) -> Result<Answer, Unusable> {
    let answer = Members::parse(text).ok_or(Unusable::Malformed("JSON that is cut short or broken"))?;
    if let Some(links) = answer.get("DownloadLinks") {
        let links = serde_json::from_str(links).map_err(|_| Unusable::Malformed("download links of another form"))?;
        return Ok(Answer::Links(links));
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
    page.read_lists(&downsync, layout, project_records)?;
    Ok(Answer::Page(page))
}

impl LivePage {
    fn read_lists(&mut self, lists: &Members<'_>, layout: &Layout, project_records: bool) -> Result<(), Unusable> {
        for (kind, described) in layout.schema.entities().iter().enumerate() {
            let wanted = described.scope == Scope::Family || project_records;
            // Lists the server had nothing to search for are null; types it does not know are absent.
            let Some(list) = lists.get(&described.response_key).filter(|_| wanted) else { continue };
            let list = items(list).ok_or(Unusable::Malformed("something else where a list should be"))?;
            let mut ids: HashSet<RecordId> = HashSet::new();
            let mut skipped = 0;
            for item in &list {
                let Some(parsed) = Parsed::read(layout, kind, item.get()) else {
                    skipped += 1;
                    continue;
                };
                if described.is_root() {
                    ids.insert(parsed.id.clone());
                }
                match described.scope {
                    Scope::Family => self.families.push(parsed),
                    Scope::Project => self.project.push(parsed),
                }
            }
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
