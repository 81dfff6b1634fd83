//! Canonical JSON: the only text form of a body. Hashes, digests and the codec are defined on it.
//!
//! Canonical form: no white space between tokens; object keys in byte order; the last value of a repeated key; strings
//! with the fewest escapes (`\"`, `\\`, `\b`, `\f`, `\n`, `\r`, `\t`, other control characters as `\u00xx`, an unpaired
//! surrogate as `\udxxx`); numbers exactly as in the input, so `1.0` differs from `1` and nothing is rounded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The maximum nesting depth of arrays and objects. It keeps a hostile body from exhausting the stack.
pub const MAX_DEPTH: usize = 128;

/// A JSON value as canonical text. Equal values have equal text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Json(Box<str>);

impl Json {
    /// Parses any JSON text and converts it to canonical form.
    ///
    /// # Errors
    /// Fails if the text is not one JSON value, or if it nests deeper than [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut parser = Parser { input: text.as_bytes(), at: 0, out: Vec::with_capacity(text.len()), depth: 0 };
        parser.skip_space();
        parser.value()?;
        parser.skip_space();
        if parser.at != parser.input.len() {
            return Err(parser.error("end of text"));
        }
        let canonical = String::from_utf8(parser.out).map_err(|_| JsonError { at: 0, expected: "UTF-8" })?;
        Ok(Self(canonical.into()))
    }

    /// Wraps text that is already canonical: output of [`Json::parse`] from the store or the codec.
    pub fn from_canonical(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The length of the text in bytes.
    #[expect(clippy::len_without_is_empty, reason = "canonical JSON is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Why a text is not JSON. Contains no part of the text, because bodies are personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The byte offset of the error.
    pub at: usize,
    /// What the parser expected there.
    pub expected: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON: expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for JsonError {}

struct Parser<'a> {
    input: &'a [u8],
    at: usize,
    out: Vec<u8>,
    depth: usize,
}

impl Parser<'_> {
    fn error(&self, expected: &'static str) -> JsonError {
        JsonError { at: self.at, expected }
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error("a value")),
        }
    }

    fn nested(&mut self, body: fn(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("less nesting"));
        }
        self.depth += 1;
        self.at += 1;
        body(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), JsonError> {
        if !self.input[self.at..].starts_with(word) {
            return Err(self.error("true, false or null"));
        }
        self.at += word.len();
        self.out.extend_from_slice(word);
        Ok(())
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.out.push(b'[');
        self.skip_space();
        if self.peek() != Some(b']') {
            loop {
                self.skip_space();
                self.value()?;
                self.skip_space();
                match self.peek() {
                    Some(b',') => self.out.push(b','),
                    Some(b']') => break,
                    _ => return Err(self.error("',' or ']'")),
                }
                self.at += 1;
            }
        }
        self.at += 1;
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self) -> Result<(), JsonError> {
        self.out.push(b'{');
        let start = self.out.len();
        // One entry per member: where its key, its value and its end are in `out`.
        let mut members: Vec<[usize; 3]> = Vec::new();
        self.skip_space();
        while self.peek() != Some(b'}') {
            let key = self.out.len();
            if self.peek() != Some(b'"') {
                return Err(self.error("a key"));
            }
            self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.error("':'"));
            }
            self.at += 1;
            let value = self.out.len();
            self.skip_space();
            self.value()?;
            members.push([key, value, self.out.len()]);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.error("',' or '}'")),
            }
            self.skip_space();
            if self.peek() == Some(b'}') {
                return Err(self.error("a key"));
            }
        }
        self.at += 1;
        self.sort_members(start, &members);
        self.out.push(b'}');
        Ok(())
    }

    /// Sorts the members written since `start` by key and rewrites them with ':' and ','.
    fn sort_members(&mut self, start: usize, members: &[[usize; 3]]) {
        let written = self.out.split_off(start);
        let key = |m: &[usize; 3]| &written[m[0] - start..m[1] - start];
        let mut order: Vec<&[usize; 3]> = members.iter().collect();
        order.sort_by(|a, b| key(a).cmp(key(b)));
        for (i, member) in order.iter().enumerate() {
            let repeated = order.get(i + 1).is_some_and(|next| key(next) == key(member));
            if repeated {
                continue; // the sort is stable, so the last of equal keys is kept
            }
            if self.out.len() > start {
                self.out.push(b',');
            }
            self.out.extend_from_slice(key(member));
            self.out.push(b':');
            self.out.extend_from_slice(&written[member[1] - start..member[2] - start]);
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.out.extend_from_slice(&self.input[start..self.at]);
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        self.out.push(b'"');
        loop {
            let run = self.at;
            while self.peek().is_some_and(|c| c >= 0x20 && c != b'"' && c != b'\\') {
                self.at += 1;
            }
            self.out.extend_from_slice(&self.input[run..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return Err(self.error("'\"'")),
            }
        }
        self.at += 1;
        self.out.push(b'"');
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        let code = self.peek().ok_or_else(|| self.error("an escape"))?;
        self.at += 1;
        match code {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => self.out.extend_from_slice(&[b'\\', code]),
            b'/' => self.out.push(b'/'),
            b'u' => {
                let unit = self.hex4()?;
                self.utf16(unit)?;
            }
            _ => return Err(self.error("an escape")),
        }
        Ok(())
    }

    fn hex4(&mut self) -> Result<u16, JsonError> {
        let digits = self.input.get(self.at..self.at + 4).filter(|d| d.iter().all(u8::is_ascii_hexdigit));
        let text = digits.and_then(|d| std::str::from_utf8(d).ok()).ok_or_else(|| self.error("four hex digits"))?;
        self.at += 4;
        u16::from_str_radix(text, 16).map_err(|_| self.error("four hex digits"))
    }

    /// Writes the character of one UTF-16 unit. Reads the second half of a surrogate pair from the input.
    fn utf16(&mut self, unit: u16) -> Result<(), JsonError> {
        if (0xd800..0xdc00).contains(&unit) && self.input[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if let Some(Ok(c)) = char::decode_utf16([unit, low]).next() {
                self.push_char(c);
                return Ok(());
            }
            self.at = back;
        }
        match char::from_u32(u32::from(unit)) {
            Some(c) => self.push_char(c),
            None => self.out.extend_from_slice(format!("\\u{unit:04x}").as_bytes()),
        }
        Ok(())
    }

    fn push_char(&mut self, c: char) {
        match c {
            '"' => self.out.extend_from_slice(b"\\\""),
            '\\' => self.out.extend_from_slice(b"\\\\"),
            '\u{8}' => self.out.extend_from_slice(b"\\b"),
            '\u{c}' => self.out.extend_from_slice(b"\\f"),
            '\n' => self.out.extend_from_slice(b"\\n"),
            '\r' => self.out.extend_from_slice(b"\\r"),
            '\t' => self.out.extend_from_slice(b"\\t"),
            c if c < ' ' => self.out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
            c => self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Json::parse(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn sorts_keys_and_keeps_last_duplicate() {
        assert_eq!(
            canonical(" { \"b\" : 1 , \"a\" : [ ] , \"b\" : {\"d\":2,\"c\":null} } "),
            r#"{"a":[],"b":{"c":null,"d":2}}"#
        );
    }

    #[test]
    fn keeps_numbers_as_written() {
        for n in ["1", "1.0", "1.00", "-0", "-0.0", "1e5", "1E+05", "123456789012345678901234567890", "0.1"] {
            assert_eq!(canonical(n), n);
        }
    }

    #[test]
    fn writes_fewest_escapes() {
        assert_eq!(canonical(r#""\u0041\/\u00e9\ud83d\ude00\n\u000a\u0000\u001F""#), "\"A/é😀\\n\\n\\u0000\\u001f\"");
        assert_eq!(
            canonical(r#""\uD800x\udc00\ud800\u0041""#),
            r#""\ud800x\udc00\ud800A""#,
            "unpaired surrogates are kept"
        );
    }

    #[test]
    fn keeps_canonical_text_unchanged() {
        let once = canonical(r#"{"z":[1,{"y":"\u2028","x":{}}],"":"\t"}"#);
        assert_eq!(canonical(&once), once);
    }

    #[test]
    fn rejects_text_that_is_not_json() {
        for bad in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\u12\"",
            "nul",
            "1 2",
            "\"a",
        ] {
            assert!(Json::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_nesting_depth() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(Json::parse(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(Json::parse(&deep(MAX_DEPTH + 1)).unwrap_err().expected, "less nesting");
    }
}
