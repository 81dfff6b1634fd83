//! The demo's screen.

use std::time::Instant;

use dialoguer::console::style;
use serde_json::json;

use super::proof::Contents;
use super::round::SendRound;
use crate::app::App;
use crate::error::Result;
use crate::events;
use crate::output::Output;
use crate::text::{Table, bytes, count, counted, duration, padded};

/// Width of a step's text on a terminal of 80 columns, without mark and time.
const WIDTH: usize = 67;
/// The number of digest digits in the table, enough for a user to compare.
const SHORT_DIGEST: usize = 12;

/// Prints steps, each with its duration.
pub(super) struct DemoScript {
    out: Output,
    since: Instant,
}

/// The result of the whole demo.
pub(super) struct DemoOutcome {
    pub(super) first: SendRound,
    /// `None` if the first round failed.
    pub(super) update: Option<Update>,
}

/// The round after the campaign's data has changed.
pub(super) struct Update {
    /// Number of new or changed records.
    pub(super) changed: u64,
    pub(super) round: SendRound,
}

impl DemoScript {
    pub(super) fn begin(app: &App) -> Result<Self> {
        app.out.line("Fieldcast: a complete transfer on this computer, with made-up data.\n")?;
        Ok(Self { out: app.out, since: Instant::now() })
    }

    /// Prints a heading.
    pub(super) fn chapter(&self, text: &str) -> Result {
        self.out.line(format_args!("\n{text}\n"))
    }

    /// Prints a finished step.
    pub(super) fn step(&mut self, name: &str, text: &str) -> Result {
        let took = self.since.elapsed();
        self.since = Instant::now();
        self.out.event(|| events::demo_step(name, text, took.as_secs_f64()))?;
        self.out.line(format_args!("  {} {} {:>7}", style("✓").green(), padded(text, WIDTH), duration(took)))
    }

    /// Prints the comparison of the databases.
    pub(super) fn proof(&mut self, name: &str, round: &SendRound, equal: &str) -> Result {
        let verdict = if round.is_equal() { equal } else { "DIFFER" };
        self.step(name, &format!("All {} databases, compared record by record, {verdict}", round.theirs.len() + 1))
    }

    /// Prints the summary.
    pub(super) fn end(&self, outcome: &DemoOutcome) -> Result {
        self.out.event(|| outcome.summary())?;
        self.out.line("")?;
        outcome.table().lines().iter().try_for_each(|line| self.out.line(line))?;
        let (json_bytes, wire) = (outcome.first.totals().json_bytes, outcome.first.wire_bytes());
        let times = json_bytes as f64 / wire.max(1) as f64;
        self.out.line(format_args!(
            "\nEach receiver got {} records ({}) as {} of encrypted data:\n{times:.1} times less.",
            count(outcome.first.own.records()),
            bytes(json_bytes),
            bytes(wire),
        ))?;
        if let Some(Update { changed, round }) = &outcome.update {
            self.out.line(format_args!(
                "A day later {}: the update needed {} instead of {}.",
                counted(*changed, "record had changed", "records had changed"),
                bytes(round.wire_bytes()),
                bytes(wire),
            ))?;
        }
        self.out.line("\nTo do the same by hand, start with: fieldcast sandbox")
    }
}

impl DemoOutcome {
    /// The last round.
    pub(super) fn last(&self) -> &SendRound {
        self.update.as_ref().map_or(&self.first, |update| &update.round)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["device", ">first send", ">time", ">update", ">time", ">records", "checksum"]);
        let last = self.last();
        let mut row = |name: &str, verdict: &str, contents: &Contents| {
            let first = self.first.sent_to(name);
            let update = self.update.as_ref().and_then(|update| update.round.sent_to(name));
            let mut cells = vec![name.to_owned()];
            for sent in [first, update] {
                cells.push(sent.map(|one| bytes(one.progress.wire)).unwrap_or_default());
                cells.push(sent.map(|one| duration(one.took)).unwrap_or_default());
            }
            let digest = &contents.digest().to_string()[..SHORT_DIGEST];
            cells.extend([count(contents.records()), format!("{digest} {verdict}")]);
            table.row(cells);
        };
        row("distributor", "", &last.own);
        for (name, contents) in &last.theirs {
            row(name, if *contents == last.own { "matches" } else { "DIFFERENT" }, contents);
        }
        table
    }

    /// The numbers of offered, saved and sent data are those of the first round. `digests_equal` covers all rounds.
    fn summary(&self) -> serde_json::Value {
        let (first, update) = (&self.first, self.update.as_ref());
        json!({"event": "demo_summary", "receivers": first.theirs.len(), "saved": first.saved(),
            "records": first.totals().records, "json_bytes": first.totals().json_bytes,
            "wire_bytes": first.wire_bytes(), "digests_equal": first.is_equal() && self.last().is_equal(),
            "changed_records": update.map(|update| update.changed),
            "delta_wire_bytes": update.map(|update| update.round.wire_bytes())})
    }
}
