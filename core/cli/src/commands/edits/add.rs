//! `fieldcast edits add`

use std::io::Read;
use std::path::Path;

use fieldcast::{Engine, EntityType, Json, LocalEdit, RecordId, RecordQuery};
use serde_json::Value;

use super::{CONFLICT, dataset, print_event};
use crate::app::App;
use crate::args::AddEditArgs;
use crate::error::{Error, Result};
use crate::text::{now, safe};

pub(super) async fn run(app: &App, engine: &Engine, args: &AddEditArgs) -> Result {
    let dataset = dataset(&engine.datasets().await?, &args.target)?;
    let entity = EntityType::new(&args.target.entity);
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
    let saved = edits
        .iter()
        .map(|status| &status.edit)
        .position(|edit| edit.dataset == dataset && edit.entity == entity && edit.id == id);
    let Some(status) = saved.and_then(|index| edits.get(index)) else { return Ok(()) };
    print_event(app, status)?;
    let beside = if is_new { "as a new record" } else { "beside the server's version" };
    app.out.line(format_args!("Saved {} {} {beside}.", safe(entity.as_str()), safe(&id.to_string())))?;
    if status.base_moved {
        app.out.line(format_args!("  {CONFLICT} since your first edit"))?;
    }
    Ok(())
}

/// Reads a file, or stdin if `file` is `-`.
fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_string(&mut text).map(drop),
        _ => std::fs::read_to_string(file).map(|read| text = read),
    };
    match read {
        Ok(()) => Ok(text),
        Err(error) => Err(Error::Usage(format!(
            "reading {} failed ({error}): check the path and the permissions",
            file.display()
        ))),
    }
}

/// Parses a record's body and id. The id comes from the body or from `given_id`.
fn parse(text: &str, given_id: Option<&str>) -> Result<(Json, RecordId)> {
    let body = Json::parse(text).map_err(|error| {
        let (at, expected) = (error.at, error.expected);
        Error::Usage(format!("the record in the file is not valid: at byte {at}, write {expected}"))
    })?;
    let Ok(Value::Object(fields)) = serde_json::from_str(body.as_str()) else {
        return Err(Error::usage("the file does not hold one record: it must start with { and end with }"));
    };
    let own = fields.get("clientReferenceId").and_then(Value::as_str);
    match (own, given_id) {
        (Some(own), Some(given)) if own != given => Err(Error::Usage(format!(
            "the record's clientReferenceId is {}, not {}: correct --id or the file",
            safe(own),
            safe(given)
        ))),
        (Some(id), _) | (None, Some(id)) => Ok((body, RecordId::parse(id))),
        (None, None) => Err(Error::usage("the record has no clientReferenceId: give one with --id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_id_from_the_body_or_the_flag() {
        let id = |text: &str, given: Option<&str>| parse(text, given).map(|(_, id)| id.to_string());
        assert_eq!(id(r#"{"clientReferenceId":"a"}"#, None).unwrap(), "a");
        assert_eq!(id(r#"{"clientReferenceId":"a"}"#, Some("a")).unwrap(), "a");
        assert_eq!(id("{}", Some("b")).unwrap(), "b");
        for (text, given, advice) in [
            (r#"{"clientReferenceId":"a"}"#, Some("b"), "is a, not b"),
            ("{}", None, "--id"),
            ("[]", Some("b"), "start with {"),
            ("{", Some("b"), "byte 1"),
        ] {
            let error = id(text, given).unwrap_err();
            assert!(error.to_string().contains(advice), "{error}");
        }
    }
}
