//! `fieldcast edits`: changes on this device, beside the server's records.

mod add;

use fieldcast::{Dataset, DatasetStatus, EditSent, EditStatus, Engine, EntityType, LocalEdit, RecordId};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::args::{EditTarget, EditsArgs, EditsCommand, NamedEditArgs};
use crate::error::{Error, Result};
use crate::events;
use crate::names::{OUTSIDE, find_dataset};
use crate::text::{Table, counted, safe, utc};

const CONFLICT: &str = "conflict: the server's version has changed";

pub(crate) async fn run(app: &App, args: &EditsArgs) -> Result {
    let engine = app.engine().await?;
    match &args.command {
        None => list(app, &engine, args.conflicts).await,
        Some(_) if args.conflicts => {
            Err(Error::usage("--conflicts works only with the list: run `fieldcast edits --conflicts`"))
        }
        Some(EditsCommand::Add(args)) => add::run(app, &engine, args).await,
        Some(EditsCommand::Sent(args)) => sent(app, &engine, args).await,
        Some(EditsCommand::Keep(args)) => keep(app, &engine, args).await,
        Some(EditsCommand::ConfirmLost) => {
            engine.confirm_lost_edits().await?;
            app.out.line("Confirmed. Fieldcast no longer lists these edits.")
        }
    }
}

/// Lists the edits that a recovery could not read.
async fn list_lost(app: &App, engine: &Engine) -> Result<bool> {
    let lost = engine.lost_edits().await?;
    lost.iter().try_for_each(|edit| app.out.event(|| events::lost_edit(edit)))?;
    if lost.is_empty() {
        return Ok(false);
    }
    app.out.line("POSSIBLY LOST in a damaged database. If they are not on the server, make these edits again:")?;
    for (entity, id) in &lost {
        let (entity, id) = (safe(entity.as_str()), safe(&id.to_string()));
        let named = if id.is_empty() { "edits whose names are lost, too".to_owned() } else { format!("{entity} {id}") };
        app.out.line(format_args!("  {named}"))?;
    }
    app.out.line("After that, run: fieldcast edits confirm-lost\n")?;
    Ok(true)
}

async fn list(app: &App, engine: &Engine, conflicts_only: bool) -> Result {
    let is_lost = list_lost(app, engine).await?;
    let mut edits = engine.edits().await?;
    edits.retain(|status| status.base_moved || !conflicts_only);
    edits.iter().try_for_each(|status| print_event(app, status))?;
    if edits.is_empty() {
        return app.out.line(if conflicts_only {
            "No conflicts."
        } else if is_lost {
            "No other edits."
        } else {
            "No edits: all data on this device came from the server."
        });
    }
    let datasets = engine.datasets().await?;
    let mut table = Table::new(&["type", "id", "village", "edited (UTC)", ""]);
    edits.iter().for_each(|status| table.row(row(&datasets, status)));
    table.lines().iter().try_for_each(|line| app.out.line(line))?;
    let conflicts = edits.iter().filter(|status| status.base_moved).count() as u64;
    if conflicts > 0 {
        app.out.line(format_args!(
            "\n{}. To see the server's version: fieldcast records --id ID --deleted\n\
             To keep the edit: fieldcast edits keep ID --boundary VILLAGE --entity TYPE\n\
             If the server has the edit: fieldcast edits sent ID --boundary VILLAGE --entity TYPE",
            counted(conflicts, "conflict", "conflicts")
        ))?;
    }
    Ok(())
}

fn row(datasets: &[DatasetStatus], status: &EditStatus) -> Vec<String> {
    let edit = &status.edit;
    let known = datasets.iter().map(|status| &status.summary).find(|summary| summary.dataset == edit.dataset);
    let name = known.map(|summary| summary.boundary_name.as_str()).filter(|name| !name.is_empty());
    let mut notes = Vec::new();
    if edit.deleted {
        notes.push("deletion");
    }
    if status.base_moved {
        notes.push(CONFLICT);
    }
    vec![
        safe(edit.entity.as_str()),
        safe(&edit.id.to_string()),
        safe(name.unwrap_or(edit.dataset.boundary.as_deref().unwrap_or(OUTSIDE))),
        utc(edit.edited_at),
        notes.join("; "),
    ]
}

/// The `edit` event. A struct, like the record event, so that the body keeps its stored text exactly.
#[derive(Serialize)]
struct EditEvent<'a> {
    event: &'static str,
    entity: &'a str,
    id: String,
    root: String,
    project: &'a str,
    boundary: Option<&'a str>,
    deleted: bool,
    edited_at: i64,
    base_moved: bool,
    body: Box<RawValue>,
}

fn print_event(app: &App, status: &EditStatus) -> Result {
    if !app.out.is_json() {
        return Ok(());
    }
    let text = event(status).map_err(|error| {
        Error::Unexpected(format!("an edit cannot be shown ({error}): report this to the developers"))
    })?;
    app.out.event(|| text)
}

fn event(status: &EditStatus) -> serde_json::Result<String> {
    let edit = &status.edit;
    serde_json::to_string(&EditEvent {
        event: "edit",
        entity: edit.entity.as_str(),
        id: edit.id.to_string(),
        root: edit.root.to_string(),
        project: &edit.dataset.project,
        boundary: edit.dataset.boundary.as_deref(),
        deleted: edit.deleted,
        edited_at: edit.edited_at,
        base_moved: status.base_moved,
        body: RawValue::from_string(edit.body.as_str().to_owned())?,
    })
}

async fn sent(app: &App, engine: &Engine, args: &NamedEditArgs) -> Result {
    let (dataset, entity, id) = named(engine, args).await?;
    let mut listed = engine.edits().await?.into_iter().map(|status| status.edit);
    let matches = |edit: &LocalEdit| edit.dataset == dataset && edit.entity == entity && edit.id == id;
    let outcome = match listed.find(matches) {
        Some(edit) => engine.edit_sent(edit).await?,
        None => EditSent::Unknown,
    };
    if outcome == EditSent::ChangedSince {
        return Err(Error::Usage(
            "the edit has just changed, so Fieldcast kept it: check it with `fieldcast edits`".to_owned(),
        ));
    }
    let existed = outcome == EditSent::Forgotten;
    settled(app, "edit_sent", "Deleted, because the server has it", existed, (&dataset, &entity, &id))
}

async fn keep(app: &App, engine: &Engine, args: &NamedEditArgs) -> Result {
    let (dataset, entity, id) = named(engine, args).await?;
    let existed = engine.rebase_edit(dataset.clone(), entity.clone(), id.clone()).await?;
    settled(app, "edit_kept", "Kept on top of the server's current version", existed, (&dataset, &entity, &id))
}

fn settled(
    app: &App,
    event: &str,
    text: &str,
    existed: bool,
    (dataset, entity, id): (&Dataset, &EntityType, &RecordId),
) -> Result {
    let shown = format!("{} {}", safe(entity.as_str()), safe(&id.to_string()));
    if !existed {
        return Err(Error::Usage(format!(
            "there is no edit of {shown} in this village: run `fieldcast edits` to see the list"
        )));
    }
    app.out.event(|| events::edit_settled(event, dataset, entity, id))?;
    app.out.line(format_args!("{text}: {shown}"))
}

async fn named(engine: &Engine, args: &NamedEditArgs) -> Result<(Dataset, EntityType, RecordId)> {
    let dataset = dataset(&engine.datasets().await?, &args.target)?;
    Ok((dataset, EntityType::new(&args.target.entity), RecordId::parse(&args.id)))
}

/// Finds the dataset that the arguments name.
fn dataset(held: &[DatasetStatus], target: &EditTarget) -> Result<Dataset> {
    let held = held.iter().map(|status| &status.summary);
    Ok(find_dataset(held, &target.boundary, target.project.as_deref())?.dataset.clone())
}
