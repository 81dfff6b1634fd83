//! `fieldcast status`

use fieldcast::DatasetStatus;

use crate::app::App;
use crate::error::Result;
use crate::events;
use crate::offers::village;
use crate::text::{Table, bytes, count, safe, utc};

/// The number of digest digits in the table, enough for a user to compare.
const SHORT_DIGEST: usize = 8;

pub(crate) async fn run(app: &App) -> Result {
    let (engine, data_dir) = (app.engine().await?, app.data_dir()?);
    let account = engine.account().await?;
    let datasets = engine.datasets().await?;
    app.out.event(|| events::device(&engine, &data_dir, account.as_ref()))?;
    datasets.iter().try_for_each(|status| app.out.event(|| events::dataset(status)))?;

    let fingerprint = engine.fingerprint();
    app.out.line(format_args!("Device    {} [{}] {}", engine.name(), fingerprint.short(), fingerprint.words()))?;
    app.out.line(format_args!("Key       {fingerprint}"))?; // the campaign's office needs all digits
    app.out.line(format_args!("Data      {}", data_dir.display()))?;
    match &account {
        Some(account) => app.out.line(format_args!("Account   {} at {}", safe(&account.name), account.server))?,
        None => app.out.line("Account   none (fieldcast login)")?,
    }
    let lost = engine.lost_edits().await?.len() as u64;
    if lost > 0 {
        app.out.line(format_args!("Edits     {} possibly lost: run fieldcast edits to see them", count(lost)))?;
    }
    if datasets.is_empty() {
        return app.out.line("\nNo village data yet. Run: fieldcast downsync, or fieldcast receive");
    }
    let mut projects: Vec<&[DatasetStatus]> = datasets.chunk_by(|a, b| project(a) == project(b)).collect();
    projects.sort_by_key(|datasets| datasets.first().map(project_name));
    projects.into_iter().try_for_each(|datasets| show_project(app, datasets))
}

/// Shows one table per project, with the widest column last.
fn show_project(app: &App, datasets: &[DatasetStatus]) -> Result {
    let name = datasets.first().map(project_name).unwrap_or_default();
    let heads = ["name", ">households", ">records", ">size", "as of (UTC)", "checksum", "state", "code"];
    let mut table = Table::new(&heads);
    datasets.iter().for_each(|status| table.row(row(status)));
    app.out.line(format_args!("\n{name}"))?;
    table.lines().iter().try_for_each(|line| app.out.line(line))
}

fn project(status: &DatasetStatus) -> (&str, &str) {
    (&status.summary.dataset.tenant, &status.summary.dataset.project)
}

fn project_name(status: &DatasetStatus) -> String {
    let summary = &status.summary;
    let name = if summary.project_name.is_empty() { &summary.dataset.project } else { &summary.project_name };
    format!("{} ({})", safe(name), safe(&summary.dataset.tenant))
}

fn row(status: &DatasetStatus) -> Vec<String> {
    let summary = &status.summary;
    let complete = summary.as_of.0 > 0;
    let state = match &status.syncing {
        Some(sync) if sync.total > 0 => format!("downloading {} of {}", count(sync.done), count(sync.total)),
        Some(_) => "downloading".to_owned(),
        None if complete => "complete".to_owned(),
        None => "incomplete".to_owned(),
    };
    vec![
        village(summary),
        count(summary.households),
        count(summary.records),
        bytes(summary.json_bytes),
        if complete { utc(summary.as_of.0) } else { "-".to_owned() },
        summary.digest.to_string()[..SHORT_DIGEST].to_owned(),
        state,
        safe(summary.dataset.boundary.as_deref().unwrap_or("-")),
    ]
}
