//! Reading a few fields of a JSON object without building a tree of the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members, their values as text. Of equal names the last one counts, as in canonical JSON.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of the object that `text` is; `None` if it is none.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// A member's text; `None` if it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().rev().find(|(key, _)| key == name)?;
        Some(value.get()).filter(|text| *text != "null")
    }

    /// The text at a dotted path; `None` if any step is absent, null or no object.
    pub(crate) fn at(&self, path: &str) -> Option<&'a str> {
        match path.split_once('.') {
            None => self.get(path),
            Some((first, rest)) => Self::parse(self.get(first)?)?.at(rest),
        }
    }

    /// A non-empty string, or a number's text: some deployments number what others name.
    pub(crate) fn text(&self, path: &str) -> Option<Cow<'a, str>> {
        let raw = self.at(path)?;
        if raw.starts_with('"') {
            let Text(text) = serde_json::from_str(raw).ok()?;
            return Some(text).filter(|text| !text.is_empty());
        }
        raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then_some(Cow::Borrowed(raw))
    }

    /// A whole number, be it written as `3`, `3.0`, `3e0` or `"3"`.
    pub(crate) fn integer(&self, path: &str) -> Option<i64> {
        let text = self.text(path)?;
        let float = || text.parse::<f64>().ok().filter(|x| x.abs() < 9e15).map(|x| x as i64);
        text.parse().ok().or_else(float)
    }

    /// A boolean, be it written as `true` or `"true"`.
    pub(crate) fn flag(&self, path: &str) -> Option<bool> {
        match self.at(path)?.trim_matches('"') {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// The texts of a list's items, or of none if `text` is not a list.
pub(crate) fn items(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
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
    fn fields_are_found_however_they_are_written() {
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
}
