//! A tokenizer for canonical JSON text. It reports text that is not canonical here or where the token is used.

/// Reads canonical text.
pub(crate) struct JsonScanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonScanner<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Skips the one-byte token that the caller peeked at.
    pub(crate) const fn skip(&mut self) {
        self.at += 1;
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn expect(&mut self, word: &[u8]) -> Option<()> {
        if !self.text.as_bytes()[self.at..].starts_with(word) {
            return None;
        }
        self.at += word.len();
        Some(())
    }

    /// Reads the string that starts here and returns its content.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.text.as_bytes().get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return None,
            }
        }
        self.at = at + 1;
        self.text.get(start..at)
    }

    /// Consumes `"key":` if it comes next.
    pub(crate) fn key_is(&mut self, key: &str) -> bool {
        let Some(rest) = self.text.as_bytes()[self.at..].strip_prefix(b"\"") else { return false };
        let found = rest.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b"\":"));
        if found {
            self.at += key.len() + 3;
        }
        found
    }

    pub(crate) fn number(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let len = rest.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = &rest[..len.unwrap_or(rest.len())];
        self.at += number.len();
        number
    }
}
