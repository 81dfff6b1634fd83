//! `fieldcast edits add`

use std::io::Read;
use std::path::Path;

use fieldcast::{Engine, EntityType, Json, LocalEdit, RecordId, RecordQuery};
use serde_json::Value;

use super::{CONFLICT, dataset, tell_event};
use crate::app::App;
use crate::args::AddEditArgs;
use crate::error::{Error, Result};
use crate::text::{now, safe};

pub(super) async fn run(app: &App, engine: &Engine, args: &AddEditArgs) -> Result {
    let dataset = dataset(&engine.datasets().await?, &args.place)?;
    let entity = EntityType::new(&args.place.entity);
    let (body, id) = parse(&read(&args.file)?, args.id.as_deref())?;
    let of_record = RecordQuery {
        dataset: Some(dataset.clone()),
        entity: Some(entity.clone()),
        id: Some(id.clone()),
        include_deleted: true,
        ..RecordQuery::default()
    };
    let stored = engine.records(of_record).await?.into_iter().next();
    let is_new = stored.is_none();
    let root = match stored {
        Some(record) => record.root,
        None => args.root.as_deref().map_or_else(|| id.clone(), RecordId::parse),
    };
    let edit = LocalEdit {
        dataset: dataset.clone(),
        entity: entity.clone(),
        id: id.clone(),
        root,
        deleted: args.delete,
        body,
        edited_at: now(),
    };
    engine.put_edit(edit).await?;
    let edits = engine.edits().await?;
    let kept = edits
        .iter()
        .map(|status| &status.edit)
        .position(|edit| edit.dataset == dataset && edit.entity == entity && edit.id == id);
    let Some(status) = kept.and_then(|index| edits.get(index)) else { return Ok(()) };
    tell_event(app, status)?;
    let beside = if is_new { "as a new record" } else { "beside the server's version" };
    app.out.line(format_args!("Kept {} {} {beside}.", safe(entity.as_str()), safe(&id.to_string())))?;
    if status.base_moved {
        app.out.line(format_args!("  {CONFLICT} since the first edit of it"))?;
    }
    Ok(())
}

/// The text of a file, or of stdin.
fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_string(&mut text).map(drop),
        _ => std::fs::read_to_string(file).map(|read| text = read),
    };
    match read {
        Ok(()) => Ok(text),
        Err(error) => Err(Error::Usage(format!("{} cannot be read: {error}", file.display()))),
    }
}

/// A record's body and its id, which the body holds or is told apart from it.
fn parse(text: &str, told: Option<&str>) -> Result<(Json, RecordId)> {
    let no_json = |error: &dyn std::fmt::Display| Error::Usage(format!("the body is not JSON: {error}"));
    let body = Json::parse(text).map_err(|error| no_json(&error))?;
    let value: Value = serde_json::from_str(body.as_str()).map_err(|error| no_json(&error))?;
    let Value::Object(fields) = value else {
        return Err(Error::usage("the body is not one record: it must be a JSON object"));
    };
    let own = fields.get("clientReferenceId").and_then(Value::as_str);
    match (own, told) {
        (Some(own), Some(told)) if own != told => {
            Err(Error::Usage(format!("the body's clientReferenceId is {}, not {}", safe(own), safe(told))))
        }
        (Some(id), _) | (None, Some(id)) => Ok((body, RecordId::parse(id))),
        (None, None) => Err(Error::usage("the body has no clientReferenceId: give one with --id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_says_its_id_or_is_told_one() {
        let id = |text: &str, told: Option<&str>| parse(text, told).map(|(_, id)| id.to_string());
        assert_eq!(id(r#"{"clientReferenceId":"a"}"#, None).unwrap(), "a");
        assert_eq!(id(r#"{"clientReferenceId":"a"}"#, Some("a")).unwrap(), "a");
        assert_eq!(id("{}", Some("b")).unwrap(), "b");
        for (text, told, advice) in [
            (r#"{"clientReferenceId":"a"}"#, Some("b"), "is a, not b"),
            ("{}", None, "--id"),
            ("[]", Some("b"), "a JSON object"),
            ("{", Some("b"), "not JSON"),
        ] {
            let error = id(text, told).unwrap_err();
            assert!(error.to_string().contains(advice), "{error}");
        }
    }
}
