//! Pre-generated files: gzip NDJSON, one object per line, without deleted records.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::campaign::{CampaignProject, Family, Moment, Visit};
use crate::row::EntityRow;

/// The four files of a locality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum FileType {
    HhMembers,
    Individuals,
    BeneAeRef,
    Tasks,
}

impl FileType {
    pub(crate) const ALL: [Self; 4] = [Self::HhMembers, Self::Individuals, Self::BeneAeRef, Self::Tasks];

    /// Whether it is stored per project. The other files belong to the registry, which all projects share.
    pub(crate) fn of_project(self) -> bool {
        matches!(self, Self::BeneAeRef | Self::Tasks)
    }

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::HhMembers => "hh_members.ndjson.gz",
            Self::Individuals => "individuals.ndjson.gz",
            Self::BeneAeRef => "bene_ae_ref.ndjson.gz",
            Self::Tasks => "tasks.ndjson.gz",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file_type| file_type.file_name() == name)
    }

    /// The `_t` values in the file, in line order.
    fn tags(self) -> &'static [&'static str] {
        match self {
            Self::HhMembers => &["HOUSEHOLD", "HOUSEHOLD_MEMBER"],
            Self::Individuals => &["INDIVIDUAL"],
            Self::BeneAeRef => &["PROJECT_BENEFICIARY", "SIDE_EFFECT", "REFERRAL", "HF_REFERRAL"],
            Self::Tasks => &["PROJECT_TASK"],
        }
    }
}

/// Returns the bytes of the file. `None` only if compression in memory fails.
pub(crate) fn file(moment: &Moment, project: &CampaignProject, leaf: usize, file_type: FileType) -> Option<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    for tag in file_type.tags() {
        let mut lines = RowWriter { tag, out: &mut out, result: Ok(()) };
        each(moment, project, leaf, tag, &mut lines);
        lines.result.ok()?;
    }
    out.finish().ok()
}

/// Returns the number of lines in the file.
pub(crate) fn count(moment: &Moment, project: &CampaignProject, leaf: usize, file_type: FileType) -> u64 {
    let mut lines = LineCount { tags: file_type.tags(), lines: 0 };
    for n in 0..moment.total(leaf) {
        moment.family(project, leaf, n).each_row(&mut lines);
    }
    if file_type.tags().contains(&"HF_REFERRAL") {
        moment.hf_rows(project).iter().filter(|row| row.leaf == leaf).for_each(|row| lines.row(row));
    }
    lines.lines
}

fn each(moment: &Moment, project: &CampaignProject, leaf: usize, tag: &str, lines: &mut impl Visit) {
    if tag == "HF_REFERRAL" {
        // Unlike a page, a file is selected by the server's locality column.
        return moment.hf_rows(project).iter().filter(|row| row.leaf == leaf).for_each(|row| lines.row(row));
    }
    for n in 0..moment.total(leaf) {
        let family: Family<'_> = moment.family(project, leaf, n);
        family.each_row(lines);
    }
}

struct LineCount {
    tags: &'static [&'static str],
    lines: u64,
}

impl Visit for LineCount {
    fn row<R: EntityRow>(&mut self, row: &R) {
        self.lines += u64::from(!row.deleted() && R::TAG.is_some_and(|tag| self.tags.contains(&tag)));
    }
}

/// Writes the rows of one tag.
struct RowWriter<'w, W> {
    tag: &'static str,
    out: &'w mut W,
    result: io::Result<()>,
}

impl<W: Write> Visit for RowWriter<'_, W> {
    fn row<R: EntityRow>(&mut self, row: &R) {
        if R::TAG == Some(self.tag) && !row.deleted() && self.result.is_ok() {
            self.result = line(self.out, self.tag, row);
        }
    }
}

fn line(out: &mut impl Write, tag: &str, row: &impl Serialize) -> io::Result<()> {
    let Value::Object(mut fields) = serde_json::to_value(row)? else { return Ok(()) };
    strip(tag, &mut fields);
    write!(out, "{{\"_t\":\"{tag}\"")?;
    for (key, value) in &fields {
        write!(out, ",\"{key}\":")?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"}\n")
}

/// Removes the fields that the server's file writer does not write.
fn strip(tag: &str, fields: &mut Map<String, Value>) {
    let more: &[&str] = match tag {
        "HOUSEHOLD_MEMBER" => &["memberRelationships"],
        "INDIVIDUAL" => &["userDetails"],
        "PROJECT_TASK" => &["createdBy", "createdDate"],
        _ => &[],
    };
    for key in ["source", "applicationId", "hasErrors"].iter().chain(more) {
        fields.remove(*key);
    }
    if let Some(Value::Object(side_effect)) = fields.get_mut("sideEffect") {
        side_effect.retain(|key, _| matches!(key.as_str(), "id" | "clientReferenceId"));
    }
    if let Some(Value::Array(addresses)) = fields.get_mut("address") {
        addresses.iter_mut().filter_map(Value::as_object_mut).for_each(|address| {
            address.remove("ward");
        });
    }
}
