//! `fieldcast downsync`

use std::collections::BTreeMap;

use fieldcast::{Boundary, BoundaryProgress, BoundaryTree, DownsyncEvent, DownsyncReport, Engine, Project};

use crate::app::App;
use crate::args::DownsyncArgs;
use crate::bars::{Bars, Share};
use crate::error::{Error, Result};
use crate::names::find_boundaries;
use crate::output::Output;
use crate::text::{Table, bytes, count, counted, duration, safe, utc};
use crate::{events, prompt};

pub(crate) async fn run(app: &App, args: &DownsyncArgs) -> Result {
    let engine = app.engine().await?;
    if args.boundaries.is_empty() && !args.all && !app.out.is_interactive() {
        return Err(Error::usage(
            "choose what to download: give villages from `fieldcast boundaries` by code or name, or use --all",
        ));
    }
    let project = app.project(&engine, args.project.as_deref()).await?;
    let tree = engine.boundaries(&project).await?;
    let chosen = choose(args, &tree).await?;
    if chosen.is_empty() {
        return Err(Error::usage("you chose no village, so nothing was downloaded: choose at least one"));
    }
    let codes: Vec<_> = chosen.iter().map(|leaf| leaf.code.clone()).collect();
    let report = download(&engine, project, &codes, DownsyncView::new(app.out, &chosen)).await?;
    summarise(app, &report)
}

async fn choose<'t>(args: &DownsyncArgs, tree: &'t BoundaryTree) -> Result<Vec<&'t Boundary>> {
    let leaves: Vec<_> = tree.leaves().collect();
    if args.all {
        return Ok(leaves);
    }
    let found = if args.boundaries.is_empty() {
        let items = leaves.iter().map(|leaf| (format!("{}  {}", safe(&leaf.name), safe(&leaf.code)), false)).collect();
        prompt::pick_many("Villages (Space: choose, A: choose all, Enter: continue)".to_owned(), items).await?
    } else {
        let known: Vec<_> = leaves.iter().map(|leaf| (leaf.code.as_str(), leaf.name.as_str())).collect();
        find_boundaries(&known, &args.boundaries, "in this project: run `fieldcast boundaries` to see the list")?
    };
    Ok(found.into_iter().filter_map(|index| leaves.get(index).copied()).collect())
}

/// Runs the download to its end and shows its progress.
pub(super) async fn download(
    engine: &Engine,
    project: Project,
    codes: &[String],
    mut view: DownsyncView,
) -> Result<DownsyncReport> {
    let job = engine.downsync(project, codes).await?;
    let mut events = job.subscribe();
    let finished = job.finished();
    tokio::pin!(finished);
    let report = loop {
        tokio::select! {
            Some(event) = events.next() => view.show(&event)?,
            report = &mut finished => break report?,
        }
    };
    while let Some(event) = events.next().await {
        view.show(&event)?;
    }
    view.bars.clear();
    Ok(report)
}

/// The screen of a running download.
pub(super) struct DownsyncView {
    out: Output,
    /// Village names by code.
    names: BTreeMap<String, String>,
    bars: Bars,
    /// Progress and time of each boundary's first event. A continued download does not start at zero.
    begun: BTreeMap<String, BoundaryProgress>,
}

impl DownsyncView {
    pub(super) fn new(out: Output, chosen: &[&Boundary]) -> Self {
        let names = chosen.iter().map(|leaf| (leaf.code.clone(), safe(&leaf.name))).collect();
        Self { out, names, bars: Bars::new(out), begun: BTreeMap::new() }
    }

    fn show(&mut self, event: &DownsyncEvent) -> Result {
        match event {
            DownsyncEvent::Progress { boundary, progress } => {
                self.out.event(|| events::downsync_progress(boundary, progress))?;
                let begun = self.begun.entry(boundary.clone()).or_insert_with(|| progress.clone());
                let share = progress.total.map(|total| Share { done: progress.done, total });
                self.bars.show(boundary, name(&self.names, boundary), share, &so_far(progress, begun));
            }
            DownsyncEvent::Done { boundary, summary, progress } => {
                self.out.event(|| events::downsync_done(summary, progress.changed))?;
                let text = format!(
                    "{}, {}, {} new or changed, {}",
                    counted(summary.households, "household", "households"),
                    counted(summary.records, "record", "records"),
                    count(progress.changed),
                    duration(progress.elapsed)
                );
                let complete = Share { done: 1, total: 1 };
                self.bars.settle(boundary, name(&self.names, boundary), Some(complete), &text);
            }
            DownsyncEvent::Failed { boundary, error } => {
                self.out.event(|| events::downsync_failed(boundary, &error.to_string()))?;
                let text = format!("failed: {}", safe(&error.to_string()));
                self.bars.settle(boundary, name(&self.names, boundary), None, &text);
            }
        }
        Ok(())
    }
}

fn name<'n>(names: &'n BTreeMap<String, String>, boundary: &'n str) -> &'n str {
    names.get(boundary).map_or(boundary, String::as_str)
}

/// `120 of 400, 410 records/s, 12 s left`
fn so_far(now: &BoundaryProgress, begun: &BoundaryProgress) -> String {
    let done = match now.total {
        Some(total) => format!("{} of {}", count(now.done), count(total)),
        None => count(now.done),
    };
    let seconds = now.elapsed.as_secs_f64();
    let mut text = if seconds > 0.0 && now.changed > 0 {
        format!("{done}, {} records/s", count((now.changed as f64 / seconds) as u64))
    } else {
        format!("{done}, {}", bytes(now.wire_bytes))
    };
    let (gained, time) = (now.done.saturating_sub(begun.done), now.elapsed.saturating_sub(begun.elapsed));
    if let (Some(total), 1..) = (now.total, gained) {
        let left = total.saturating_sub(now.done) as f64 / gained as f64;
        text += &format!(", {} left", duration(time.mul_f64(left)));
    }
    text
}

fn summarise(app: &App, report: &DownsyncReport) -> Result {
    let (done, failed) = (report.done.len(), report.failed.len());
    let records = report.done.iter().map(|(summary, _)| summary.records).sum();
    let changed = report.done.iter().map(|(_, progress)| progress.changed).sum();
    let mut table = Table::new(&["village", ">households", ">records", ">new or changed", "as of (UTC)"]);
    for (summary, progress) in &report.done {
        table.row(vec![
            safe(&summary.boundary_name),
            count(summary.households),
            count(summary.records),
            count(progress.changed),
            utc(summary.as_of.0),
        ]);
    }
    if done > 0 {
        table.lines().iter().try_for_each(|line| app.out.line(line))?;
    }
    for (boundary, error) in &report.failed {
        app.out.line(format_args!("{}: download failed: {}", safe(boundary), safe(&error.to_string())))?;
    }
    app.out.event(|| events::downsync_summary(done, failed, records, changed))?;
    match (done, failed) {
        (_, 0) => app.out.line("\nNext: fieldcast send"),
        (0, _) => Err(Error::Nothing),
        _ => Err(Error::Partial),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn estimates_time_left_from_the_start_of_the_job() {
        let at = |done, seconds| BoundaryProgress {
            done,
            total: Some(400),
            wire_bytes: 1_200_000,
            changed: done * 10,
            elapsed: Duration::from_secs(seconds),
        };
        assert_eq!(so_far(&at(200, 10), &at(100, 0)), "200 of 400, 200 records/s, 20 s left");
        assert_eq!(so_far(&at(100, 0), &at(100, 0)), "100 of 400, 1.20 MB");
    }
}
