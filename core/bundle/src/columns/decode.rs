//! Decodes chunk bytes to records. The bytes are untrusted.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use fieldcast_model::{EntityType, Json, MAX_DEPTH, Record, RecordId, ServerTime};

use super::FORMAT;
use super::bytes::Bytes;
use super::coder::{Coder, ColumnReader};
use super::compress::decompress;
use super::head_read::HeadReader;
use super::limits::MAX_RECORDS;
use super::number::{write_decimal, write_int};
use super::plan::{Class, ColumnPlan};
use super::schema::{ColumnSchema, ROOT, ValueKind};
use super::state::State;
use super::table::TextTable;
use super::text;
use super::uuid_v1::UuidV1Time;
use crate::error::malformed;
use crate::{Error, MAX_CHUNK_JSON};

/// The fixed-size fields at the start of a chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preface {
    pub(crate) records: usize,
    pub(crate) json: usize,
    structure: usize,
    lengths: usize,
    texts: usize,
    compressed: usize,
    coded: usize,
}

impl Preface {
    /// Reads the fields from the start of `bytes`.
    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Error> {
        let format = bytes.byte()?;
        if format > FORMAT {
            return Err(Error::UnknownFormat { found: u16::from(format), known: u16::from(FORMAT) });
        }
        if format != FORMAT {
            return Err(malformed("chunk: format"));
        }
        let records = bytes.count(MAX_RECORDS)?;
        let json = bytes.count(MAX_CHUNK_JSON)?;
        let structure = bytes.count(MAX_CHUNK_JSON)?;
        let lengths = bytes.count(MAX_CHUNK_JSON - structure)?;
        let texts = bytes.count(MAX_CHUNK_JSON - structure - lengths)?;
        let compressed = bytes.count(bytes.0.len())?;
        let coded = bytes.count(bytes.0.len())?;
        Ok(Self { records, json, structure, lengths, texts, compressed, coded })
    }
}

/// Returns the sizes and counts that the chunk declares.
pub(crate) fn announced(bytes: &[u8]) -> Result<Preface, Error> {
    Preface::read(&mut Bytes(bytes))
}

/// Decodes a chunk written by [`super::encode`].
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Record>, Error> {
    let mut bytes = Bytes(bytes);
    let preface = Preface::read(&mut bytes)?;
    let compressed = bytes.take(preface.compressed)?;
    let coded = bytes.take(preface.coded)?;
    let total = preface.structure + preface.lengths + preface.texts;
    let plain = decompress(compressed, total).map_err(|_| malformed("chunk: zstd"))?;
    let mut plain = Bytes(&plain);
    let structure = Bytes(plain.take(preface.structure)?);
    let lengths = Bytes(plain.take(preface.lengths)?);
    let texts = Bytes(plain.take(preface.texts)?);
    let mut head = HeadReader { structure, lengths, texts };
    let schema = head.schema()?;
    let plan = head.plan(&schema)?;
    if !head.structure.0.is_empty() {
        return Err(malformed("chunk: head"));
    }
    let state = State::new(&schema, &plan);
    let coder = ColumnReader::new(coded, bytes.0);
    let table = TextTable::default();
    let mut decoder =
        Decoder { schema: &schema, plan: &plan, head, state, coder, table, checked: Vec::new(), room: preface.json };
    decoder.all(preface.records)
}

struct Decoder<'a> {
    schema: &'a ColumnSchema,
    plan: &'a ColumnPlan,
    head: HeadReader<'a>,
    state: State,
    coder: ColumnReader<'a>,
    table: TextTable,
    /// For each text, the uses it was already checked for: [`AS_STRING`], [`AS_JSON`].
    checked: Vec<u8>,
    /// Bytes of JSON that the chunk declared and that are not decoded yet.
    room: usize,
}

const AS_STRING: u8 = 1;
const AS_JSON: u8 = 2;

impl Decoder<'_> {
    fn all(&mut self, count: usize) -> Result<Vec<Record>, Error> {
        let types: Vec<EntityType> = self.schema.entities.iter().map(|entity| EntityType::new(&entity.name)).collect();
        // A small input can declare many records, so the vector grows as records are decoded.
        let mut records = Vec::with_capacity(count.min(1 << 12));
        let mut body = String::new();
        for _ in 0..count {
            records.push(self.record(&types, &mut body)?);
            if self.coder.overrun() {
                return Err(malformed("chunk: it ends too early"));
            }
        }
        if self.room != 0 || !self.coder.is_at_end() || !self.head.is_at_end() {
            return Err(malformed("chunk: more data than declared"));
        }
        Ok(records)
    }

    fn record(&mut self, types: &[EntityType], body: &mut String) -> Result<Record, Error> {
        let root = self.text(ROOT, self.state.root_context())?;
        let (entity, deleted) = self.state.head(&mut self.coder, 0, false);
        let schema = self.schema.entities.get(entity as usize).ok_or(malformed("chunk: entity type"))?;
        let id = self.text_in_context(schema.id)?;
        let row_version = self.number(schema.numbers[0]);
        let modified = ServerTime(self.number(schema.numbers[1]));
        body.clear();
        self.value(schema.node, deleted, 0, body)?;
        self.room = self.room.checked_sub(body.len()).ok_or(malformed("chunk: JSON size"))?;
        Ok(Record {
            entity: types.get(entity as usize).cloned().ok_or(malformed("chunk: entity type"))?,
            id: self.record_id(id)?,
            root: self.record_id(root)?,
            row_version,
            modified,
            deleted,
            body: Json::from_canonical(body.as_str()),
        })
    }

    fn record_id(&mut self, id: u32) -> Result<RecordId, Error> {
        if let Some(uuid) = self.table.uuid(id) {
            return Ok(RecordId::Uuid(uuid));
        }
        self.check(id, AS_STRING)?;
        let content = text::unescape(self.table.text(id)).ok_or(malformed("chunk: id"))?;
        Ok(RecordId::parse(&content))
    }

    fn value(&mut self, node: u32, deleted: bool, depth: usize, out: &mut String) -> Result<(), Error> {
        // Every value prints at least one byte, so this check also stops arrays with a false length.
        if out.len() > self.room {
            return Err(malformed("chunk: JSON size"));
        }
        let schema = self.schema;
        let path = schema.nodes.get(node as usize).ok_or(malformed("chunk: path"))?;
        let [int, small, large] = path.numbers;
        match self.state.kind(&mut self.coder, node, path.kinds, deleted, ValueKind::Null) {
            ValueKind::Null => out.push_str("null"),
            ValueKind::False => out.push_str("false"),
            ValueKind::True => out.push_str("true"),
            ValueKind::Int => write_int(out, self.number(int)),
            ValueKind::Small => write_decimal(out, self.number(small), path.scales[0]),
            ValueKind::Large => write_decimal(out, self.number(large), path.scales[1]),
            ValueKind::String => {
                let id = self.text_in_context(path.texts[0])?;
                self.check(id, AS_STRING)?;
                out.push('"');
                out.push_str(self.table.text(id));
                out.push('"');
            }
            ValueKind::Raw => {
                let id = self.text_in_context(path.texts[1])?;
                self.check(id, AS_JSON)?;
                if depth + text::nesting(self.table.text(id)) > MAX_DEPTH {
                    return Err(malformed("chunk: nesting"));
                }
                out.push_str(self.table.text(id));
            }
            ValueKind::Object => return self.object(node, deleted, depth, out),
            ValueKind::Array => return self.array(node, deleted, depth, out),
        }
        Ok(())
    }

    fn object(&mut self, node: u32, deleted: bool, depth: usize, out: &mut String) -> Result<(), Error> {
        let schema = self.schema;
        let path = schema.nodes.get(node as usize).ok_or(malformed("chunk: path"))?;
        let list = self.state.list(&mut self.coder, node, path.lists.len(), 0);
        let list = path.lists.get(list as usize).ok_or(malformed("chunk: members"))?;
        out.push('{');
        for (index, member) in list.iter().enumerate() {
            let member = path.members.get(*member as usize).ok_or(malformed("chunk: members"))?;
            out.push_str(if index == 0 { "\"" } else { ",\"" });
            out.push_str(schema.keys.get(member.key as usize).map_or("", String::as_str));
            out.push_str("\":");
            self.value(member.node, deleted, depth + 1, out)?;
        }
        out.push('}');
        Ok(())
    }

    fn array(&mut self, node: u32, deleted: bool, depth: usize, out: &mut String) -> Result<(), Error> {
        let schema = self.schema;
        let path = schema.nodes.get(node as usize).ok_or(malformed("chunk: path"))?;
        let length = self.state.length(&mut self.coder, node, path.lengths, 0);
        out.push('[');
        for index in 0..length as usize {
            if index > 0 {
                out.push(',');
            }
            let item = path.item(index).ok_or(malformed("chunk: array length"))?;
            self.value(item, deleted, depth + 1, out)?;
        }
        out.push(']');
        Ok(())
    }

    /// Checks, once per text, that the text is valid for its use.
    fn check(&mut self, id: u32, use_as: u8) -> Result<(), Error> {
        let checked = self.checked.get_mut(id as usize).ok_or(malformed("chunk: text"))?;
        if *checked & use_as == 0 {
            let text = self.table.text(id);
            let fits = match use_as {
                AS_STRING => text::is_content(text),
                _ => Json::parse(text).is_ok_and(|json| json.as_str() == text),
            };
            if !fits {
                return Err(malformed("chunk: text"));
            }
            *checked |= use_as;
        }
        Ok(())
    }

    fn number(&mut self, column: u32) -> i64 {
        let plan = self.plan.numbers.get(column as usize).copied().unwrap_or_default();
        self.state.number(&mut self.coder, plan, column, 0)
    }

    fn text_in_context(&mut self, column: u32) -> Result<u32, Error> {
        self.text(column, self.state.text_context(column))
    }

    fn text(&mut self, column: u32, context: usize) -> Result<u32, Error> {
        let plan = self.plan.texts.get(column as usize).ok_or(malformed("chunk: column"))?;
        let expected = self.state.expected(plan);
        let id = match expected {
            Some(id) if plan.certain || self.state.hit(&mut self.coder, column, context, false) => id,
            _ => self.missed(column)?,
        };
        self.state.set_last(column, id);
        Ok(id)
    }

    /// Reads a text that does not match the prediction.
    fn missed(&mut self, column: u32) -> Result<u32, Error> {
        let plan = self.plan.texts.get(column as usize).ok_or(malformed("chunk: column"))?;
        let class = self.state.class(&mut self.coder, column, plan.classes, Class::Own)?;
        let id = match class {
            Class::Own => {
                let index = self.state.own(&mut self.coder, column, plan, 0);
                self.state.list_of(column).get(index as usize).copied()
            }
            Class::FirstColumn => {
                let distance = self.state.distance(&mut self.coder, column, 0);
                let firsts = self.state.firsts(plan.first_column);
                firsts.len().checked_sub(distance as usize + 1).and_then(|index| firsts.get(index)).copied()
            }
            Class::Any => Some(State::any(&mut self.coder, self.table.len(), 0)).filter(|id| *id < self.table.len()),
            _ => Some(self.new_text(column, class)?),
        };
        let id = id.ok_or(malformed("chunk: reference"))?;
        self.state.note(plan, column, class, id);
        Ok(id)
    }

    fn new_text(&mut self, column: u32, class: Class) -> Result<u32, Error> {
        // Without this check a short input could fill the table with texts that it does not contain.
        if self.coder.overrun() {
            return Err(malformed("chunk: it ends too early"));
        }
        let id = match class {
            Class::Random => {
                let (high, low) = (self.coder.raw(60, 0), self.coder.raw(62, 0));
                let high = high >> 12 << 16 | 4 << 12 | high & 0xfff;
                let bits = u128::from(high) << 64 | u128::from(2 << 62 | low);
                self.table.push_uuid(bits.to_be_bytes())?
            }
            Class::Uuid => {
                let (high, low) = (self.coder.raw(64, 0), self.coder.raw(64, 0));
                self.table.push_uuid((u128::from(high) << 64 | u128::from(low)).to_be_bytes())?
            }
            Class::Template => self.text_of_template(column)?,
            Class::UuidV1 => self.uuid_v1(column)?,
            _ => self.table.push_text(self.head.text()?)?,
        };
        // A UUID is always valid as a string.
        self.checked.push(if matches!(class, Class::Random | Class::Uuid | Class::UuidV1) { AS_STRING } else { 0 });
        Ok(id)
    }

    fn uuid_v1(&mut self, column: u32) -> Result<u32, Error> {
        let parts = self.plan.texts.get(column as usize).and_then(|plan| plan.uuid_v1);
        let parts = parts.ok_or(malformed("chunk: plan"))?;
        let tail = self.text_in_context(parts.tail)?;
        let time = UuidV1Time { millis: self.number(parts.millis), ticks: self.number(parts.millis + 1) };
        let uuid = time.with_tail(self.table.text(tail)).ok_or(malformed("chunk: UUID"))?;
        self.table.push_uuid(uuid)
    }

    fn text_of_template(&mut self, column: u32) -> Result<u32, Error> {
        let plan = self.plan;
        let template = plan.texts.get(column as usize).and_then(|plan| plan.template.as_ref());
        let template = template.ok_or(malformed("chunk: template"))?;
        let numbers: Vec<i64> =
            (template.first..).take(template.widths.len()).map(|column| self.number(column)).collect();
        self.table.push_with(|arena| template.write(arena, &numbers))
    }
}
