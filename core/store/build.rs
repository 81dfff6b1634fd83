//! Generates the SQL view of each entity type from its description.

use std::error::Error;
use std::path::Path;

use toml::{Table, Value};

#[path = "../../schema/descriptions.rs"]
mod descriptions;

pub(crate) use descriptions::FOLDER;

fn main() -> Result<(), Box<dyn Error>> {
    descriptions::embed("views.rs", &views(Path::new(FOLDER))?)
}

/// The views of the descriptions in a folder as `(name, SQL)`.
pub(crate) fn views(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let view = |(name, described): (String, Table)| {
        let sql = sql(&name, &described).map_err(|error| format!("{name}.toml: {error}"))?;
        Ok((name, sql))
    };
    descriptions::read(folder)?.into_iter().map(view).collect()
}

fn sql(name: &str, described: &Table) -> Result<String, String> {
    let entity = described.get("entity").and_then(Value::as_str).ok_or("`entity` must be a text")?;
    let mut columns = vec!["body ->> '$.id' AS server_id".to_owned()];
    if described.contains_key("parents") {
        columns.push("root AS household".to_owned());
    }
    if let Some(listed) = described.get("columns") {
        let listed = listed.as_array().ok_or("`columns` must be a list")?;
        columns.extend(listed.iter().map(column).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(format!(
        "CREATE VIEW {name} AS\n\
         SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,\n    \
         {},\n    body\nFROM readable WHERE entity = '{entity}'",
        columns.join(",\n    ")
    ))
}

/// A column of a view from `path` or `path AS name`. Without a name, it is the last part of the path in snake case.
fn column(listed: &Value) -> Result<String, String> {
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    let text = listed.as_str().unwrap_or_default();
    let (path, name) = match text.split_once(" AS ") {
        Some((path, name)) => (path, name.to_owned()),
        None => (text, snake_case(text.rsplit('.').next().unwrap_or_default())),
    };
    if path.is_empty() || !is_plain(path) || !is_plain(&name) {
        return Err(format!("the column `{text}` is not `path.in.json` or `path.in.json AS name`"));
    }
    Ok(format!("body ->> '$.{path}' AS {name}"))
}

fn snake_case(name: &str) -> String {
    let part = |c: char| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.to_string() };
    name.chars().map(part).collect()
}
