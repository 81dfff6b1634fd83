//! How the demo is told.

use std::time::Instant;

use dialoguer::console::style;
use fieldcast::Offer;
use serde_json::json;

use super::proof::Contents;
use crate::app::App;
use crate::commands::send::watch::Sent;
use crate::error::Result;
use crate::events;
use crate::output::Output;
use crate::text::{Table, bytes, count, duration, padded};

/// What fits beside mark and time on a terminal of 80 columns.
const WIDTH: usize = 67;
/// How much of a digest is shown to be compared by eye.
const SHORT_DIGEST: usize = 12;

/// Steps, each with its time.
pub(super) struct Story {
    out: Output,
    since: Instant,
}

/// What came of it.
pub(super) struct Outcome {
    pub(super) offer: Offer,
    pub(super) sent: Vec<Sent>,
    pub(super) own: Contents,
    /// By receiver.
    pub(super) theirs: Vec<(String, Contents)>,
}

impl Story {
    pub(super) fn begin(app: &App) -> Result<Self> {
        app.out.line("Fieldcast: the whole job on this machine, with made-up data.\n")?;
        Ok(Self { out: app.out, since: Instant::now() })
    }

    /// Tells what has just been done.
    pub(super) fn step(&mut self, name: &str, text: &str) -> Result {
        let took = self.since.elapsed();
        self.since = Instant::now();
        self.out.event(|| events::demo_step(name, text, took.as_secs_f64()))?;
        self.out.line(format_args!("  {} {} {:>7}", style("✓").green(), padded(text, WIDTH), duration(took)))
    }

    /// Tells the end.
    pub(super) fn end(&self, outcome: &Outcome, saved: usize) -> Result {
        self.out.event(|| outcome.summary(saved))?;
        self.out.line("")?;
        outcome.table().lines().iter().try_for_each(|line| self.out.line(line))?;
        let (json_bytes, wire) = (outcome.json_bytes(), outcome.wire_bytes());
        let times = json_bytes as f64 / wire.max(1) as f64;
        self.out.line(format_args!(
            "\n{} records, {} as JSON, took {} on the wire to each receiver,\nencryption included: {times:.1} times less.\n",
            count(outcome.own.records()),
            bytes(json_bytes),
            bytes(wire),
        ))?;
        self.out.line("To do it by hand, start with: fieldcast sandbox")
    }
}

impl Outcome {
    pub(super) fn is_equal(&self) -> bool {
        self.theirs.iter().all(|(_, contents)| *contents == self.own)
    }

    fn json_bytes(&self) -> u64 {
        self.offer.snapshots.iter().map(|summary| summary.json_bytes).sum()
    }

    /// Over the sockets for one receiver, the largest.
    fn wire_bytes(&self) -> u64 {
        self.sent.iter().map(|one| one.progress.wire).max().unwrap_or(0)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["device", ">records", ">on the wire", ">time", "digest of its records"]);
        let mut row = |name: &str, contents: &Contents, wire: String, time: String, verdict: &str| {
            let digest = &contents.digest().to_string()[..SHORT_DIGEST];
            table.row(vec![name.to_owned(), count(contents.records()), wire, time, format!("{digest} {verdict}")]);
        };
        row("distributor", &self.own, String::new(), String::new(), "");
        for (name, contents) in &self.theirs {
            let sent = self.sent.iter().find(|one| one.name == *name);
            let wire = sent.map(|one| bytes(one.progress.wire)).unwrap_or_default();
            let time = sent.map(|one| duration(one.took)).unwrap_or_default();
            row(name, contents, wire, time, if *contents == self.own { "equal" } else { "DIFFERENT" });
        }
        table
    }

    fn summary(&self, saved: usize) -> serde_json::Value {
        json!({"event": "demo_summary", "receivers": self.theirs.len(), "saved": saved,
            "records": self.offer.snapshots.iter().map(|summary| summary.records).sum::<u64>(),
            "json_bytes": self.json_bytes(), "wire_bytes": self.wire_bytes(), "digests_equal": self.is_equal()})
    }
}
