//! Reads single fields of a JSON object without a tree of the whole object.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The maximum number of members of a parsed object: a pointer to each one is stored.
const MAX_MEMBERS: usize = 4096;

/// The members of an object, with their values as text. If a name is repeated, the last one counts, as in canonical
/// JSON.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of the object in `text`. `None` if it is not an object, or has more than [`MAX_MEMBERS`] members.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of a member; `None` if it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().rev().find(|(key, _)| key == name)?;
        Some(value.get()).filter(|text| *text != "null")
    }

    /// The text at a dotted path; `None` if a step is absent, null or not an object.
    pub(crate) fn at(&self, path: &str) -> Option<&'a str> {
        match path.split_once('.') {
            None => self.get(path),
            Some((first, rest)) => Self::parse(self.get(first)?)?.at(rest),
        }
    }

    /// A non-empty string, or the text of a number: some deployments use numbers as ids.
    pub(crate) fn text(&self, path: &str) -> Option<Cow<'a, str>> {
        let raw = self.at(path)?;
        if raw.starts_with('"') {
            let Text(text) = serde_json::from_str(raw).ok()?;
            return Some(text).filter(|text| !text.is_empty());
        }
        raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then_some(Cow::Borrowed(raw))
    }

    /// An integer in any of the forms `3`, `3.0`, `3e0` or `"3"`.
    pub(crate) fn integer(&self, path: &str) -> Option<i64> {
        let text = self.text(path)?;
        let float = || text.parse::<f64>().ok().filter(|x| x.abs() < 9e15).map(|x| x as i64);
        text.parse().ok().or_else(float)
    }

    /// A boolean in one of the forms `true` or `"true"`.
    pub(crate) fn flag(&self, path: &str) -> Option<bool> {
        match self.at(path)?.trim_matches('"') {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// Calls `each` with the text of every list item until it returns `false`. `None` if `text` is not a list, or was not
/// read completely.
pub(crate) fn each_item<'a>(text: &'a str, each: impl FnMut(&'a str) -> bool) -> Option<()> {
    struct List<F>(F);
    impl<'de, F: FnMut(&'de str) -> bool> Visitor<'de> for List<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            while let Some(item) = list.next_element::<&RawValue>()? {
                if !(self.0)(item.get()) {
                    return Err(A::Error::custom("enough"));
                }
            }
            Ok(())
        }
    }
    let mut text = serde_json::Deserializer::from_str(text);
    text.deserialize_seq(List(each)).and_then(|()| text.end()).ok()
}

/// Counts these bytes in a JSON text, without those in strings.
pub(crate) fn count(text: &str, bytes: &[u8]) -> u64 {
    let (mut found, mut in_string, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => found += u64::from(!in_string && bytes.contains(&byte)),
        }
    }
    found
}

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(24);
                while let Some((Text(name), value)) = map.next_entry()? {
                    if members.len() == MAX_MEMBERS {
                        return Err(A::Error::custom("too many members"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_fields_in_every_notation() {
        let text = r#"{"a":{"b":{"c":" x\u0041"}},"n":3,"f":3.0,"s":"3","t":true,"u":"false","z":null,"e":"","n":4}"#;
        let members = Members::parse(text).unwrap();
        assert_eq!(members.text("a.b.c").as_deref(), Some(" xA"));
        assert_eq!(["n", "f", "s"].map(|name| members.integer(name)), [Some(4), Some(3), Some(3)]);
        assert_eq!(["t", "u", "n"].map(|name| members.flag(name)), [Some(true), Some(false), None]);
        for absent in ["z", "e", "q", "a.q", "a.b.c.d", "n.x", "z.x"] {
            assert_eq!(members.text(absent), None, "{absent}");
        }
        assert_eq!(members.text("n").as_deref(), Some("4"), "numbers can be ids");
        assert!(Members::parse("[]").is_none());
    }

    #[test]
    fn stops_reading_list_on_request() {
        let mut items = Vec::new();
        assert_eq!(each_item("[1, {\"a\":[]},\"]\"]", |item| (items.push(item), true).1), Some(()));
        assert_eq!(items, ["1", "{\"a\":[]}", "\"]\""]);
        let mut number = 0;
        assert_eq!(each_item("[1,2,3]", |_| (number += 1, number < 2).1), None);
        assert_eq!(number, 2);
        assert!(each_item("{}", |_| true).is_none() && each_item("[1,", |_| true).is_none());
    }

    #[test]
    fn counts_bytes_outside_strings() {
        assert_eq!(count(r#"{"a{[\"[":[{},"\\",[]]}"#, b"{["), 4);
    }

    #[test]
    fn rejects_object_with_too_many_members() {
        let object = |members: usize| format!("{{{}}}", vec!["\"\":0"; members].join(","));
        assert!(Members::parse(&object(MAX_MEMBERS)).is_some());
        assert!(Members::parse(&object(MAX_MEMBERS + 1)).is_none());
    }
}
