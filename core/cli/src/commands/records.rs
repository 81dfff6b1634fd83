//! `fieldcast records`

use fieldcast::{Engine, EntityType, Record, RecordId, RecordQuery};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::args::RecordsArgs;
use crate::error::{Error, Result};
use crate::names::find_boundaries;
use crate::text::{bytes, safe, utc};

/// Number of records per query. Memory use then does not depend on the total number.
const PAGE: u32 = 500;

/// The `record` event. A struct, unlike the other events, so that the body keeps its stored text exactly.
#[derive(Serialize)]
struct RecordEvent<'a> {
    event: &'static str,
    entity: &'a str,
    id: String,
    root: String,
    row_version: i64,
    modified: i64,
    deleted: bool,
    body: Box<RawValue>,
}

pub(crate) async fn run(app: &App, args: &RecordsArgs) -> Result {
    let engine = app.engine().await?;
    let mut query = RecordQuery {
        boundary: boundary(&engine, args.boundary.as_ref()).await?,
        entity: args.entity.as_deref().map(EntityType::new),
        id: args.id.as_deref().map(RecordId::parse),
        root: args.root.as_deref().map(RecordId::parse),
        include_deleted: args.deleted,
        ..RecordQuery::default()
    };
    let mut left = if args.limit == 0 { u64::MAX } else { args.limit };
    loop {
        query.limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let page = engine.records(query.clone()).await?;
        page.iter().try_for_each(|record| print(app, record))?;
        let read = page.len() as u64;
        left -= read;
        query.offset += read;
        if read < u64::from(query.limit) || left == 0 {
            return Ok(());
        }
    }
}

async fn boundary(engine: &Engine, named: Option<&String>) -> Result<Option<String>> {
    let Some(named) = named else { return Ok(None) };
    let datasets = engine.datasets().await?;
    let known: Vec<_> = datasets
        .iter()
        .filter_map(|status| Some((status.summary.dataset.boundary.as_deref()?, status.summary.boundary_name.as_str())))
        .collect();
    let found =
        find_boundaries(&known, std::slice::from_ref(named), "on this device: run `fieldcast status` to see the list")?;
    Ok(found.first().and_then(|index| known.get(*index)).map(|(code, _)| (*code).to_owned()))
}

fn print(app: &App, record: &Record) -> Result {
    if app.out.is_json() {
        let text = event(record).map_err(|error| {
            Error::Unexpected(format!("a record cannot be shown ({error}): report this to the developers"))
        })?;
        return app.out.event(|| text);
    }
    let deleted = if record.deleted { "  deleted" } else { "" };
    app.out.line(format_args!(
        "{:<20} {:<36} v{:<3} {} {:>9}{deleted}",
        safe(record.entity.as_str()),
        safe(&record.id.to_string()),
        record.row_version,
        utc(record.modified.0),
        bytes(record.body.len() as u64),
    ))
}

fn event(record: &Record) -> serde_json::Result<String> {
    serde_json::to_string(&RecordEvent {
        event: "record",
        entity: record.entity.as_str(),
        id: record.id.to_string(),
        root: record.root.to_string(),
        row_version: record.row_version,
        modified: record.modified.0,
        deleted: record.deleted,
        body: RawValue::from_string(record.body.as_str().to_owned())?,
    })
}
