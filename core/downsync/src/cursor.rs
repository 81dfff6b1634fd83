//! How far a walk has come, and whether what it has seen can be trusted to be all.

use std::collections::BTreeSet;

use fieldcast_model::{EntityType, ServerTime};
use serde::{Deserialize, Serialize};

use crate::answer::LivePage;

/// Subtracted from the server's clock for what a snapshot is as of: DIGIT stamps a change when it accepts it but
/// shows it only after Kafka and the persister, and some deployments serve pages from a cache of up to five minutes.
pub const CLOCK_OVERLAP_MS: i64 = 5 * 60 * 1000;

/// The state of a walk through one boundary: all that must be kept to go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Households asked for so far. Counts what was asked, never what came: pages may overlap.
    pub offset: u64,
    /// Households to ask for next; 0 leaves it to [`Limits::page`](crate::Limits).
    pub limit: u32,
    /// Every change up to then is in what the walk brings. Set by the first page (by the last, for files).
    pub as_of: Option<ServerTime>,
    /// Households the server says there are, at the last page.
    pub households_total: Option<u64>,
    /// Whether nothing so far says that a household may have been missed: no short page, no shrinking or missing
    /// total. Only if it still holds at the end, and the store has seen at least [`Cursor::households_total`]
    /// distinct households, may what did not come be marked as gone.
    pub sound: bool,
    /// Types the server has answered for. What is not among them says nothing by its absence: the server may not
    /// search for it (`Services` is an option there), or not put it into files.
    pub answered: BTreeSet<EntityType>,
    /// Whether the walk has read the project-wide records whole: asked to, from the live service, with its first page.
    /// Files hold only those of their own boundary.
    #[serde(default)]
    pub project_read: bool,
    /// Whether the walk is over.
    pub done: bool,
}

impl Cursor {
    /// The beginning of a full walk.
    ///
    /// Always full: DIGIT's `lastSyncedTime` is no cursor to build on, since it only returns what changed below
    /// households that changed themselves; a new delivery to an old household would never come.
    pub fn start() -> Self {
        Self {
            offset: 0,
            limit: 0,
            as_of: None,
            households_total: None,
            sound: true,
            answered: BTreeSet::new(),
            project_read: false,
            done: false,
        }
    }

    /// The cursor after a page of `asked` households, `limit` the most ever to ask for.
    pub(crate) fn after(&self, page: &LivePage, asked: u32, limit: u32, as_of: Option<ServerTime>) -> Self {
        // A server that grants less than was asked must not make us step over the difference.
        let granted = page.echoed_limit.filter(|granted| *granted > 0).unwrap_or(asked.into());
        let step = granted.min(asked.into());
        let offset = self.offset + step;
        let expected = page.total.map(|total| total.saturating_sub(self.offset).min(step));
        let counted = page.total.is_some() && page.total >= self.households_total;
        let short = expected.is_some_and(|expected| page.households < expected);
        // One household more than asked is the overlap of the materialised view; more means the total is a lie.
        let lying = expected.is_none_or(|expected| page.households > expected + 1);
        let done = if lying { page.households < step } else { page.total.is_some_and(|total| offset >= total) };
        Self {
            offset,
            limit: (asked + (limit / 16).max(1)).min(limit),
            as_of: self.as_of.or(as_of),
            households_total: page.total,
            sound: self.sound && counted && !short && !lying,
            answered: self.answered.union(&page.answered).cloned().collect(),
            project_read: self.project_read || page.project_read,
            done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(households: u64, total: Option<u64>) -> LivePage {
        LivePage { households, total, ..LivePage::default() }
    }

    fn walk(pages: &[(u64, Option<u64>)]) -> Cursor {
        let step = |cursor: Cursor, (n, total): &(u64, Option<u64>)| cursor.after(&page(*n, *total), 10, 10, None);
        pages.iter().fold(Cursor::start(), step)
    }

    #[test]
    fn a_walk_ends_at_the_total_and_is_sound_if_every_page_was_full() {
        let end = walk(&[(10, Some(25)), (10, Some(25)), (5, Some(25))]);
        assert!(end.done && end.sound && end.offset == 30);
        assert!(walk(&[(0, Some(0))]).done);
        assert!(!walk(&[(10, Some(25))]).done);
    }

    #[test]
    fn overlapping_pages_advance_by_what_was_asked() {
        let end = walk(&[(10, Some(25)), (11, Some(25)), (6, Some(25))]);
        assert!(end.done && end.sound && end.offset == 30);
    }

    #[test]
    fn short_pages_and_odd_totals_are_not_sound() {
        for pages in [
            &[(9, Some(25)), (10, Some(25)), (5, Some(25))][..],
            &[(10, Some(25)), (10, Some(24)), (4, Some(24))],
            &[(10, None), (3, None)],
        ] {
            let end = walk(pages);
            assert!(end.done && !end.sound, "{pages:?}");
        }
    }

    #[test]
    fn a_total_that_is_too_small_does_not_end_the_walk() {
        let cursor = walk(&[(10, Some(3))]);
        assert!(!cursor.done && !cursor.sound);
        assert!(walk(&[(10, Some(3)), (4, Some(3))]).done);
    }

    #[test]
    fn a_limit_the_server_cut_is_not_stepped_over() {
        let cut = LivePage { echoed_limit: Some(4), ..page(4, Some(25)) };
        assert_eq!(Cursor::start().after(&cut, 10, 10, None).offset, 4);
    }

    #[test]
    fn a_halved_limit_grows_back() {
        let cursor = Cursor::start().after(&page(50, Some(900)), 50, 100, None);
        assert_eq!((cursor.limit, cursor.offset), (56, 50));
    }

    #[test]
    fn a_cursor_survives_the_store() {
        let mut cursor = walk(&[(10, Some(25))]);
        cursor.answered.insert(EntityType::new("Task"));
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
    }
}
