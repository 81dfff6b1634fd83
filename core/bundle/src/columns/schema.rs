//! The columns of a chunk: one tree of JSON paths per entity type. The encoder finds them and sends them in the head.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

/// How a JSON value is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ValueKind {
    Null,
    False,
    True,
    Int,
    /// A decimal near zero; see [`super::number`].
    Small,
    /// A decimal further from zero.
    Large,
    String,
    /// Canonical JSON text: numbers without an integer form, and bodies too large to split into columns.
    Raw,
    Object,
    Array,
}

impl ValueKind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Null,
        Self::False,
        Self::True,
        Self::Int,
        Self::Small,
        Self::Large,
        Self::String,
        Self::Raw,
        Self::Object,
        Self::Array,
    ];

    pub(crate) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Each of the first array elements has its own column, up to this count. The elements after them share one column.
pub(crate) const OWN_ITEMS: usize = 8;

/// One JSON path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// The kinds of its values, as a set of [`ValueKind::bit`]s.
    pub(crate) kinds: u16,
    /// Its members, in the order they were found.
    pub(crate) members: Vec<Member>,
    /// The member lists of its objects: indices into `members`, in key order.
    pub(crate) lists: Vec<Vec<u32>>,
    /// The nodes of its elements. The last one is for all elements from [`OWN_ITEMS`] on.
    pub(crate) items: Vec<u32>,
    /// The minimum and maximum length of its arrays.
    pub(crate) lengths: (u32, u32),
    /// Decimals of its [`ValueKind::Small`] and [`ValueKind::Large`] values.
    pub(crate) scales: [u8; 2],
    /// The columns of its [`ValueKind::Int`], [`ValueKind::Small`] and [`ValueKind::Large`] values.
    pub(crate) numbers: [u32; 3],
    /// The columns of its [`ValueKind::String`] and [`ValueKind::Raw`] values.
    pub(crate) texts: [u32; 2],
}

impl Node {
    pub(crate) const fn has(&self, kind: ValueKind) -> bool {
        self.kinds & kind.bit() != 0
    }

    /// Returns the node of element `index`.
    pub(crate) fn item(&self, index: usize) -> Option<u32> {
        self.items.get(index.min(OWN_ITEMS)).copied()
    }
}

/// A key of an object and the node of its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) key: u32,
    pub(crate) node: u32,
}

/// One entity type.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) name: String,
    /// The node of its bodies.
    pub(crate) node: u32,
    /// The columns of `row_version` and `modified`.
    pub(crate) numbers: [u32; 2],
    /// The column of the ids.
    pub(crate) id: u32,
}

/// The column of the roots, shared by all entity types.
pub(crate) const ROOT: u32 = 0;

/// All columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnSchema {
    pub(crate) entities: Vec<Entity>,
    /// Distinct keys, as string content.
    pub(crate) keys: Vec<String>,
    pub(crate) nodes: Vec<Node>,
    /// The counts of text columns and of number columns, without the columns within texts.
    pub(crate) texts: u32,
    pub(crate) numbers: u32,
}

impl ColumnSchema {
    /// Assigns the column numbers: first those of the envelopes, then node by node.
    pub(crate) fn number_columns(&mut self) {
        let (mut texts, mut numbers) = (ROOT + 1, 0);
        let next = |counter: &mut u32| {
            *counter += 1;
            *counter - 1
        };
        for entity in &mut self.entities {
            entity.id = next(&mut texts);
            entity.numbers = [next(&mut numbers), next(&mut numbers)];
        }
        for node in &mut self.nodes {
            for (column, kind) in node.numbers.iter_mut().zip([ValueKind::Int, ValueKind::Small, ValueKind::Large]) {
                if node.kinds & kind.bit() != 0 {
                    *column = next(&mut numbers);
                }
            }
            for (column, kind) in node.texts.iter_mut().zip([ValueKind::String, ValueKind::Raw]) {
                if node.kinds & kind.bit() != 0 {
                    *column = next(&mut texts);
                }
            }
        }
        (self.texts, self.numbers) = (texts, numbers);
    }
}
