//! How the demo is told.

use std::time::Instant;

use dialoguer::console::style;
use serde_json::json;

use super::proof::Contents;
use super::round::Round;
use crate::app::App;
use crate::error::Result;
use crate::events;
use crate::output::Output;
use crate::text::{Table, bytes, count, counted, duration, padded};

/// What fits beside mark and time on a terminal of 80 columns.
const WIDTH: usize = 67;
/// How much of a digest is shown to be compared by eye.
const SHORT_DIGEST: usize = 12;

/// Steps, each with its time.
pub(super) struct DemoScript {
    out: Output,
    since: Instant,
}

/// What came of it all.
pub(super) struct Outcome {
    pub(super) first: Round,
    /// `None` if the first round went wrong.
    pub(super) update: Option<Update>,
}

/// The round after the campaign has moved on.
pub(super) struct Update {
    /// Records that are new or changed.
    pub(super) changed: u64,
    pub(super) round: Round,
}

impl DemoScript {
    pub(super) fn begin(app: &App) -> Result<Self> {
        app.out.line("Fieldcast: the whole job on this machine, with made-up data.\n")?;
        Ok(Self { out: app.out, since: Instant::now() })
    }

    /// Tells that time has passed.
    pub(super) fn chapter(&self, text: &str) -> Result {
        self.out.line(format_args!("\n{text}\n"))
    }

    /// Tells what has just been done.
    pub(super) fn step(&mut self, name: &str, text: &str) -> Result {
        let took = self.since.elapsed();
        self.since = Instant::now();
        self.out.event(|| events::demo_step(name, text, took.as_secs_f64()))?;
        self.out.line(format_args!("  {} {} {:>7}", style("✓").green(), padded(text, WIDTH), duration(took)))
    }

    /// Tells how the databases compare.
    pub(super) fn proof(&mut self, name: &str, round: &Round, equal: &str) -> Result {
        let verdict = if round.is_equal() { equal } else { "DIFFER" };
        self.step(name, &format!("All {} databases, read record by record, {verdict}", round.theirs.len() + 1))
    }

    /// Tells the end.
    pub(super) fn end(&self, outcome: &Outcome) -> Result {
        self.out.event(|| outcome.summary())?;
        self.out.line("")?;
        outcome.table().lines().iter().try_for_each(|line| self.out.line(line))?;
        let (json_bytes, wire) = (outcome.first.totals().json_bytes, outcome.first.wire_bytes());
        let times = json_bytes as f64 / wire.max(1) as f64;
        self.out.line(format_args!(
            "\n{} records, {} as JSON, took {} on the wire to each receiver,\nencryption included: {times:.1} times less.",
            count(outcome.first.own.records()),
            bytes(json_bytes),
            bytes(wire),
        ))?;
        if let Some(Update { changed, round }) = &outcome.update {
            self.out.line(format_args!(
                "A day later {}: the update took {} instead of {}.",
                counted(*changed, "record had changed", "records had changed"),
                bytes(round.wire_bytes()),
                bytes(wire),
            ))?;
        }
        self.out.line("\nTo do it by hand, start with: fieldcast sandbox")
    }
}

impl Outcome {
    /// The round that everybody is left with.
    pub(super) fn last(&self) -> &Round {
        self.update.as_ref().map_or(&self.first, |update| &update.round)
    }

    fn table(&self) -> Table {
        let mut table =
            Table::new(&["device", ">first send", ">time", ">update", ">time", ">records", "digest of them"]);
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
            row(name, if *contents == last.own { "equal" } else { "DIFFERENT" }, contents);
        }
        table
    }

    /// What was offered, saved and sent is that of the first round; `digests_equal` is of all there were.
    fn summary(&self) -> serde_json::Value {
        let (first, update) = (&self.first, self.update.as_ref());
        json!({"event": "demo_summary", "receivers": first.theirs.len(), "saved": first.saved(),
            "records": first.totals().records, "json_bytes": first.totals().json_bytes,
            "wire_bytes": first.wire_bytes(), "digests_equal": first.is_equal() && self.last().is_equal(),
            "changed_records": update.map(|update| update.changed),
            "delta_wire_bytes": update.map(|update| update.round.wire_bytes())})
    }
}
