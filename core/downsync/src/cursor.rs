//! The progress of a boundary download, and whether it is verified complete.

use std::collections::BTreeSet;

use fieldcast_model::{EntityType, ServerTime};
use serde::{Deserialize, Serialize};

use crate::answer::LivePage;

/// Subtracted from the server's clock to get the `as_of` of a snapshot. DIGIT stamps a change when it accepts it, but
/// shows it only after Kafka and the persister. In addition, some deployments serve pages from a cache for up to five
/// minutes.
pub const CLOCK_OVERLAP_MS: i64 = 5 * 60 * 1000;

/// The state of a boundary download: everything that is needed to resume it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Households requested so far. It counts requested households, not received ones, because pages can overlap.
    pub offset: u64,
    /// Households in the next request; 0 means [`DownloadLimits::page`](crate::DownloadLimits).
    pub limit: u32,
    /// The download contains every change up to this time. Set by the first page; for files, by the last page.
    pub as_of: Option<ServerTime>,
    /// The household count of the server at the last page.
    pub households_total: Option<u64>,
    /// Whether there is no sign of a missed household so far: no short page, and no smaller or missing total. Missing
    /// records may be marked as gone only if this is still true at the end and the store has received at least
    /// [`Cursor::households_total`] distinct households.
    pub verified_complete: bool,
    /// The types that the server has answered for. A missing record of another type means nothing: the server may not
    /// search for the type (`Services` is optional), or may not include it in files.
    pub answered: BTreeSet<EntityType>,
    /// Whether the download has read all project-wide records: requested from the live service, with its first page.
    /// Files contain only the project-wide records of their boundary.
    #[serde(default)]
    pub project_read: bool,
    /// Whether the download is finished.
    pub done: bool,
}

impl Cursor {
    /// The start of a full download.
    ///
    /// A download is always full. DIGIT's `lastSyncedTime` returns only changes below households that have changed
    /// themselves, so a new delivery to an unchanged household would never arrive.
    pub fn start() -> Self {
        Self {
            offset: 0,
            limit: 0,
            as_of: None,
            households_total: None,
            verified_complete: true,
            answered: BTreeSet::new(),
            project_read: false,
            done: false,
        }
    }

    /// The cursor after a page of `asked` households; `limit` is the maximum per request.
    pub(crate) fn after(&self, page: &LivePage, asked: u32, limit: u32, as_of: Option<ServerTime>) -> Self {
        // If the server grants fewer households than requested, the next page must start after the granted ones.
        let granted = page.echoed_limit.filter(|granted| *granted > 0).unwrap_or(asked.into());
        let step = granted.min(asked.into());
        let offset = self.offset + step;
        let expected = page.total.map(|total| total.saturating_sub(self.offset).min(step));
        let counted = page.total.is_some() && page.total >= self.households_total;
        let short = expected.is_some_and(|expected| page.households < expected);
        // One extra household is the overlap of the materialized view. With more than one, the total of the server is
        // wrong.
        let is_total_wrong = expected.is_none_or(|expected| page.households > expected + 1);
        let done =
            if is_total_wrong { page.households < step } else { page.total.is_some_and(|total| offset >= total) };
        Self {
            offset,
            limit: (asked + (limit / 16).max(1)).min(limit),
            as_of: self.as_of.or(as_of),
            households_total: page.total,
            verified_complete: self.verified_complete && counted && !short && !is_total_wrong,
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

    fn cursor_after(pages: &[(u64, Option<u64>)]) -> Cursor {
        let step = |cursor: Cursor, (n, total): &(u64, Option<u64>)| cursor.after(&page(*n, *total), 10, 10, None);
        pages.iter().fold(Cursor::start(), step)
    }

    #[test]
    fn ends_at_total_with_only_full_pages() {
        let end = cursor_after(&[(10, Some(25)), (10, Some(25)), (5, Some(25))]);
        assert!(end.done && end.verified_complete && end.offset == 30);
        assert!(cursor_after(&[(0, Some(0))]).done);
        assert!(!cursor_after(&[(10, Some(25))]).done);
    }

    #[test]
    fn advances_by_requested_limit_on_overlap() {
        let end = cursor_after(&[(10, Some(25)), (11, Some(25)), (6, Some(25))]);
        assert!(end.done && end.verified_complete && end.offset == 30);
    }

    #[test]
    fn marks_short_pages_and_odd_totals_incomplete() {
        for pages in [
            &[(9, Some(25)), (10, Some(25)), (5, Some(25))][..],
            &[(10, Some(25)), (10, Some(24)), (4, Some(24))],
            &[(10, None), (3, None)],
        ] {
            let end = cursor_after(pages);
            assert!(end.done && !end.verified_complete, "{pages:?}");
        }
    }

    #[test]
    fn continues_past_too_small_total() {
        let cursor = cursor_after(&[(10, Some(3))]);
        assert!(!cursor.done && !cursor.verified_complete);
        assert!(cursor_after(&[(10, Some(3)), (4, Some(3))]).done);
    }

    #[test]
    fn advances_by_limit_granted_by_server() {
        let cut = LivePage { echoed_limit: Some(4), ..page(4, Some(25)) };
        assert_eq!(Cursor::start().after(&cut, 10, 10, None).offset, 4);
    }

    #[test]
    fn restores_halved_limit_step_by_step() {
        let cursor = Cursor::start().after(&page(50, Some(900)), 50, 100, None);
        assert_eq!((cursor.limit, cursor.offset), (56, 50));
    }

    #[test]
    fn restores_cursor_from_stored_text() {
        let mut cursor = cursor_after(&[(10, Some(25))]);
        cursor.answered.insert(EntityType::new("Task"));
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
    }
}
