//! Splits bodies: canonical text becomes cells, one per value, and a tree of the paths they belong to.

use std::collections::HashMap;

use fieldcast_model::{Json, MAX_DEPTH, Record, RecordId};

use super::limits::{MAX_ENTITIES, MAX_LISTED, MAX_NODES};
use super::number::{self, ParsedNumber};
use super::scan::JsonScanner;
use super::schema::{ColumnSchema, Entity, Member, Node, OWN_ITEMS, ValueKind};
use super::table::{Interner, Quick};
use super::text;
use super::uuid::parse_uuid;
use crate::Error;

/// One value of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) node: u32,
    pub(crate) kind: ValueKind,
    /// Decimals of a [`ValueKind::Small`] or [`ValueKind::Large`].
    pub(crate) scale: u8,
    /// An integer, the digits of a decimal, a text number, the index of a member list, or the number of elements.
    pub(crate) value: i64,
}

/// One record. Its texts are stored by number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) entity: u32,
    pub(crate) root: u32,
    pub(crate) id: u32,
    pub(crate) row_version: i64,
    pub(crate) modified: i64,
    pub(crate) deleted: bool,
    /// Where its cells end. They start where the cells of the previous record end.
    pub(crate) cells: u32,
}

/// All records, split into cells.
#[derive(Debug, Default)]
pub(crate) struct Shredded<'a> {
    pub(crate) schema: ColumnSchema,
    pub(crate) rows: Vec<Row>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) interner: Interner<'a>,
    keys: HashMap<&'a str, u32, Quick>,
    lists: HashMap<(u32, Vec<u32>), u32, Quick>,
    /// The member list of each node's last object. The next object most often has the same list.
    last_lists: Vec<u32>,
    /// The total of members in all lists, plus the number of lists.
    listed: usize,
}

/// The ids of a record that are not UUIDs, as string content: `(root, id)`.
pub(crate) type Names = (Option<String>, Option<String>);

/// Returns the ids that are not UUIDs, for [`shred`] to borrow.
pub(crate) fn names(records: &[Record]) -> Vec<Names> {
    let content = |id: &RecordId| match id {
        RecordId::Uuid(_) => None,
        RecordId::Text(id) => Some(text::escape(id)),
    };
    records.iter().map(|record| (content(&record.root), content(&record.id))).collect()
}

/// Splits `records` into cells.
pub(crate) fn shred<'a>(records: &'a [Record], names: &'a [Names]) -> Result<Shredded<'a>, Error> {
    let mut shredded = Shredded::default();
    for (index, (record, (root, id))) in records.iter().zip(names).enumerate() {
        let entity = shredded.entity(record.entity.as_str())?;
        let root = shredded.id(&record.root, root.as_deref())?;
        let id = shredded.id(&record.id, id.as_deref())?;
        let node = shredded.schema.entities[entity].node;
        shredded.body(node, &record.body).map_err(|error| match error {
            Refused::Text => Error::Body { index },
            Refused::Size(error) => error,
        })?;
        shredded.rows.push(Row {
            entity: entity as u32,
            root,
            id,
            row_version: record.row_version,
            modified: record.modified.0,
            deleted: record.deleted,
            cells: shredded.cells.len() as u32,
        });
    }
    Ok(shredded)
}

/// Why a body cannot be split.
enum Refused {
    Text,
    Size(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Size(error)
    }
}

impl<'a> Shredded<'a> {
    fn entity(&mut self, name: &str) -> Result<usize, Error> {
        if let Some(entity) = self.schema.entities.iter().position(|entity| entity.name == name) {
            return Ok(entity);
        }
        if self.schema.entities.len() == MAX_ENTITIES {
            return Err(Error::TooLarge { what: "a chunk's number of entity types", limit: MAX_ENTITIES });
        }
        let node = self.node();
        self.schema.entities.push(Entity { name: name.to_owned(), node, numbers: [0; 2], id: 0 });
        Ok(self.schema.entities.len() - 1)
    }

    fn node(&mut self) -> u32 {
        self.schema.nodes.push(Node { lengths: (u32::MAX, 0), ..Node::default() });
        self.last_lists.push(0);
        self.schema.nodes.len() as u32 - 1
    }

    fn id(&mut self, id: &RecordId, name: Option<&'a str>) -> Result<u32, Error> {
        match (id, name) {
            (RecordId::Uuid(uuid), _) => self.interner.uuid(*uuid),
            (_, name) => self.string(name.unwrap_or_default()).map(|(id, _)| id),
        }
    }

    fn string(&mut self, content: &'a str) -> Result<(u32, bool), Error> {
        match parse_uuid(content.as_bytes()) {
            Some(uuid) => Ok((self.interner.uuid(uuid)?, false)),
            None => self.interner.text(content),
        }
    }

    fn body(&mut self, node: u32, body: &'a Json) -> Result<(), Refused> {
        let text = body.as_str();
        if !self.has_room_for(text) {
            return self.raw(node, text);
        }
        let mut scan = JsonScanner::new(text);
        self.value(&mut scan, node, 0)?;
        if scan.is_at_end() { Ok(()) } else { Err(Refused::Text) }
    }

    /// Returns whether a body fits into the limits for any values. Each value except the first follows one
    /// of three characters.
    fn has_room_for(&self, text: &str) -> bool {
        let values = text.bytes().filter(|byte| matches!(byte, b',' | b'{' | b'[')).count() + 1;
        // Each entity type that may still follow needs one path.
        self.schema.nodes.len() + values + MAX_ENTITIES <= MAX_NODES && self.listed + 2 * values <= MAX_LISTED
    }

    fn raw(&mut self, node: u32, text: &'a str) -> Result<(), Refused> {
        if Json::parse(text).map_or(true, |json| json.as_str() != text) {
            return Err(Refused::Text);
        }
        let (id, _) = self.interner.text(text)?;
        self.cell(node, ValueKind::Raw, 0, i64::from(id));
        Ok(())
    }

    fn cell(&mut self, node: u32, kind: ValueKind, scale: u8, value: i64) {
        self.schema.nodes[node as usize].kinds |= kind.bit();
        self.cells.push(Cell { node, kind, scale, value });
    }

    fn value(&mut self, scan: &mut JsonScanner<'a>, node: u32, depth: usize) -> Result<(), Refused> {
        match scan.peek() {
            Some(b'"') => {
                let content = scan.string().ok_or(Refused::Text)?;
                let (id, new) = self.string(content)?;
                if new && !text::is_content(content) {
                    return Err(Refused::Text);
                }
                self.cell(node, ValueKind::String, 0, i64::from(id));
            }
            Some(b'{') if depth < MAX_DEPTH => return self.object(scan, node, depth + 1),
            Some(b'[') if depth < MAX_DEPTH => return self.array(scan, node, depth + 1),
            Some(b'n') => return self.literal(scan, node, "null", ValueKind::Null),
            Some(b't') => return self.literal(scan, node, "true", ValueKind::True),
            Some(b'f') => return self.literal(scan, node, "false", ValueKind::False),
            Some(b'-' | b'0'..=b'9') => return self.number(scan, node),
            _ => return Err(Refused::Text),
        }
        Ok(())
    }

    fn literal(&mut self, scan: &mut JsonScanner<'a>, node: u32, word: &str, kind: ValueKind) -> Result<(), Refused> {
        scan.expect(word.as_bytes()).ok_or(Refused::Text)?;
        self.cell(node, kind, 0, 0);
        Ok(())
    }

    fn number(&mut self, scan: &mut JsonScanner<'a>, node: u32) -> Result<(), Refused> {
        let text = scan.number();
        let (kind, decimal) = match number::parse(text.as_bytes()) {
            // Accept only valid JSON numbers; `parse` itself would accept 007.
            _ if !number::is_plain(text.as_bytes()) => return self.raw(node, text),
            ParsedNumber::Int(value) => {
                self.cell(node, ValueKind::Int, 0, value);
                return Ok(());
            }
            ParsedNumber::Small(decimal) => (ValueKind::Small, decimal),
            ParsedNumber::Large(decimal) => (ValueKind::Large, decimal),
            ParsedNumber::Other => return self.raw(node, text),
        };
        let scale = &mut self.schema.nodes[node as usize].scales[usize::from(kind == ValueKind::Large)];
        *scale = decimal.scale.max(*scale);
        self.cell(node, kind, decimal.scale, decimal.digits);
        Ok(())
    }

    fn array(&mut self, scan: &mut JsonScanner<'a>, node: u32, depth: usize) -> Result<(), Refused> {
        let cell = self.cells.len();
        self.cell(node, ValueKind::Array, 0, 0);
        scan.skip();
        let mut len = 0;
        if scan.peek() != Some(b']') {
            loop {
                let item = self.item(node, len);
                self.value(scan, item, depth)?;
                len += 1;
                match scan.peek() {
                    Some(b',') => scan.skip(),
                    Some(b']') => break,
                    _ => return Err(Refused::Text),
                }
            }
        }
        scan.skip();
        self.cells[cell].value = len as i64;
        let (least, greatest) = &mut self.schema.nodes[node as usize].lengths;
        (*least, *greatest) = ((*least).min(len as u32), (*greatest).max(len as u32));
        Ok(())
    }

    fn item(&mut self, node: u32, index: usize) -> u32 {
        let index = index.min(OWN_ITEMS);
        if let Some(item) = self.schema.nodes[node as usize].items.get(index) {
            return *item;
        }
        let item = self.node();
        self.schema.nodes[node as usize].items.push(item);
        item
    }

    fn object(&mut self, scan: &mut JsonScanner<'a>, node: u32, depth: usize) -> Result<(), Refused> {
        let cell = self.cells.len();
        self.cell(node, ValueKind::Object, 0, 0);
        scan.skip();
        let expected = self.last_lists[node as usize] as usize;
        let mut as_expected = true;
        let mut found: Vec<u32> = Vec::new(); // filled only from the first unexpected member on
        let mut count = 0;
        while scan.peek() != Some(b'}') {
            if count > 0 {
                scan.expect(b",").ok_or(Refused::Text)?;
            }
            let guess = self.guess(node, expected, count).filter(|_| as_expected);
            let member = match guess.filter(|guess| scan.key_is(self.key_of(node, *guess))) {
                Some(guess) => guess,
                None => {
                    if as_expected {
                        as_expected = false;
                        found = self.guesses(node, expected, count);
                    }
                    self.member(node, scan)?
                }
            };
            if !as_expected {
                found.push(member);
            }
            count += 1;
            let child = self.schema.nodes[node as usize].members[member as usize].node;
            self.value(scan, child, depth)?;
        }
        scan.skip();
        let known = self.schema.nodes[node as usize].lists.get(expected).is_some_and(|list| list.len() == count);
        let list = if as_expected && known {
            expected as u32
        } else {
            let found = if as_expected { self.guesses(node, expected, count) } else { found };
            self.list(node, found)?
        };
        self.last_lists[node as usize] = list;
        self.cells[cell].value = i64::from(list);
        Ok(())
    }

    fn guess(&self, node: u32, list: usize, index: usize) -> Option<u32> {
        self.schema.nodes[node as usize].lists.get(list)?.get(index).copied()
    }

    fn guesses(&self, node: u32, list: usize, count: usize) -> Vec<u32> {
        self.schema.nodes[node as usize].lists.get(list).map_or_else(Vec::new, |list| list[..count].to_vec())
    }

    fn key_of(&self, node: u32, member: u32) -> &str {
        &self.schema.keys[self.schema.nodes[node as usize].members[member as usize].key as usize]
    }

    /// Reads a key and finds or creates its member.
    fn member(&mut self, node: u32, scan: &mut JsonScanner<'a>) -> Result<u32, Refused> {
        if scan.peek() != Some(b'"') {
            return Err(Refused::Text);
        }
        let key = scan.string().ok_or(Refused::Text)?;
        scan.expect(b":").ok_or(Refused::Text)?;
        let id = match self.keys.get(key) {
            Some(id) => *id,
            None if text::is_content(key) => {
                self.schema.keys.push(key.to_owned());
                let id = self.schema.keys.len() as u32 - 1;
                self.keys.insert(key, id);
                id
            }
            None => return Err(Refused::Text),
        };
        if let Some(member) = self.schema.nodes[node as usize].members.iter().position(|member| member.key == id) {
            return Ok(member as u32);
        }
        let child = self.node();
        let members = &mut self.schema.nodes[node as usize].members;
        members.push(Member { key: id, node: child });
        Ok(members.len() as u32 - 1)
    }

    /// Finds or creates a member list.
    fn list(&mut self, node: u32, members: Vec<u32>) -> Result<u32, Refused> {
        if let Some(list) = self.lists.get(&(node, members.clone())) {
            return Ok(*list);
        }
        let pairs = members.iter().zip(members.iter().skip(1));
        for (a, b) in pairs {
            if !text::keys_ascend(self.key_of(node, *a), self.key_of(node, *b)) {
                return Err(Refused::Text);
            }
        }
        self.listed += 1 + members.len();
        let lists = &mut self.schema.nodes[node as usize].lists;
        lists.push(members.clone());
        let list = lists.len() as u32 - 1;
        self.lists.insert((node, members), list);
        Ok(list)
    }
}
