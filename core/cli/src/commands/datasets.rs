//! `fieldcast datasets`: the sources of village data, and its removal.

use fieldcast::{BundleSource, DatasetStatus, Engine, Fingerprint, RecordSource, SnapshotSummary};

use crate::app::App;
use crate::args::{DatasetsArgs, DatasetsCommand, NamedDatasetArgs};
use crate::error::Result;
use crate::names::find_dataset;
use crate::offers::{village, villages};
use crate::text::{Table, count, counted, safe, utc};
use crate::{events, prompt};

pub(crate) async fn run(app: &App, args: &DatasetsArgs) -> Result {
    let engine = app.engine().await?;
    let datasets = engine.datasets().await?;
    match &args.command {
        None => list(app, &datasets),
        Some(DatasetsCommand::Undo(named)) => {
            let summary = find(&datasets, named)?;
            engine.undo(summary.dataset.clone()).await?;
            app.out.event(|| events::dataset_changed("dataset_undone", summary))?;
            app.out.line(format_args!("{}: the last reception is undone.", village(summary)))
        }
        Some(DatasetsCommand::Remove(named)) => {
            let summary = find(&datasets, named)?;
            remove(app, &engine, std::slice::from_ref(summary)).await
        }
    }
}

/// Lists village data from devices that are no longer trusted, and removes it if the user agrees.
pub(crate) async fn offer_removal(app: &App, engine: &Engine, devices: &[Fingerprint], remove_data: bool) -> Result {
    let mut held: Vec<SnapshotSummary> = Vec::new();
    for device in devices {
        held.extend(engine.datasets_of(*device).await?);
    }
    held.sort_by(|a, b| a.dataset.cmp(&b.dataset));
    held.dedup_by(|a, b| a.dataset == b.dataset);
    if held.is_empty() {
        return Ok(());
    }
    held.iter().try_for_each(|summary| app.out.event(|| events::dataset_changed("dataset_from_device", summary)))?;
    let (what, names) = (counted(held.len() as u64, "village", "villages"), villages(&held));
    app.out.line(format_args!("This device has data of {what} from there: {names}"))?;
    let is_wanted =
        remove_data || app.out.is_interactive() && prompt::confirm("Remove this data?".to_owned(), false).await?;
    if is_wanted {
        return remove(app, engine, &held).await;
    }
    app.out.line("Kept. Download these villages from the server, or run: fieldcast datasets remove VILLAGE")
}

async fn remove(app: &App, engine: &Engine, held: &[SnapshotSummary]) -> Result {
    for summary in held {
        engine.remove(summary.dataset.clone()).await?;
        app.out.event(|| events::dataset_changed("dataset_removed", summary))?;
        app.out.line(format_args!("Removed: {}", village(summary)))?;
    }
    Ok(())
}

fn list(app: &App, datasets: &[DatasetStatus]) -> Result {
    datasets.iter().try_for_each(|status| app.out.event(|| events::dataset(status)))?;
    if datasets.is_empty() {
        return app.out.line("No village data yet. Run: fieldcast downsync, or fieldcast receive");
    }
    let mut table = Table::new(&["village", ">records", "as of (UTC)", "from", "undo"]);
    for status in datasets {
        for source in &status.sources {
            let is_last = status.can_undo && Some(source) == status.sources.last();
            table.row(vec![
                village(&status.summary),
                count(source.records),
                utc(source.as_of.0),
                from(source),
                if is_last { "can be undone".to_owned() } else { String::new() },
            ]);
        }
    }
    table.lines().iter().try_for_each(|line| app.out.line(line))
}

/// The source of records.
fn from(source: &RecordSource) -> String {
    let Some(BundleSource { signer_name, carrier_name, merged, .. }) = &source.bundle else {
        return "downloaded here".to_owned();
    };
    let made = if merged.is_empty() { "downloaded" } else { "merged" };
    match signer_name == carrier_name {
        true => format!("{made} and sent by {}", safe(signer_name.as_str())),
        false => format!("{made} by {}, sent by {}", safe(signer_name.as_str()), safe(carrier_name.as_str())),
    }
}

/// Finds the village that the arguments name.
fn find<'d>(datasets: &'d [DatasetStatus], named: &NamedDatasetArgs) -> Result<&'d SnapshotSummary> {
    let villages = datasets.iter().map(|status| &status.summary).filter(|summary| summary.dataset.boundary.is_some());
    find_dataset(villages, &named.boundary, named.project.as_deref())
}
