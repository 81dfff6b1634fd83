//! Reads files of JSON lines, one chunk at a time.

use std::fmt;
use std::io::{self, BufRead, Read};

use fieldcast_bundle::MAX_CHUNK_JSON;
use fieldcast_model::{EntityType, Json, JsonError, Record, RecordId, ServerTime};

/// The maximum number of records in a chunk here. The format allows 2^18, which needs much memory for very small
/// records.
const MAX_RECORDS: usize = 1 << 15;

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LineError {
    NotUtf8,
    NotJson(JsonError),
    TooLong,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::NotJson(error) => error.fmt(f),
            Self::TooLong => write!(f, "longer than {MAX_CHUNK_JSON} bytes, the limit of a chunk"),
        }
    }
}

/// A line that is not a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// The line number, from 1.
    pub(crate) number: u64,
    pub(crate) fault: LineError,
}

/// Reads records from lines. Keeps one line in memory.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    longest: usize,
    /// A line that did not fit into the previous chunk.
    ahead: Option<Record>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0, longest: MAX_CHUNK_JSON, ahead: None }
    }

    /// Returns the next records, up to `json` bytes; none at the end of the file. Reports bad lines to `bad` and skips
    /// them.
    pub(crate) fn chunk(&mut self, json: u64, bad: &mut dyn FnMut(BadLine)) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        let mut bytes = 0;
        while bytes < json && records.len() < MAX_RECORDS {
            let Some(record) = self.record(bad)? else { break };
            let len = record.body.len() as u64;
            if bytes + len > MAX_CHUNK_JSON as u64 {
                self.ahead = Some(record);
                break;
            }
            bytes += len;
            records.push(record);
        }
        Ok(records)
    }

    fn record(&mut self, bad: &mut dyn FnMut(BadLine)) -> io::Result<Option<Record>> {
        if let Some(record) = self.ahead.take() {
            return Ok(Some(record));
        }
        while let Some(line) = self.line()? {
            match line {
                Ok(None) => {}
                Ok(Some(body)) => return Ok(Some(record(self.number, body))),
                Err(fault) => bad(BadLine { number: self.number, fault }),
            }
        }
        Ok(None)
    }

    /// Returns the value of the next line, or `Ok(None)` for a blank line.
    fn line(&mut self) -> io::Result<Option<Result<Option<Json>, LineError>>> {
        self.buffer.clear();
        let most = self.longest as u64 + 2; // "\r\n"
        if self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.buffer.len() as u64 == most && !self.buffer.ends_with(b"\n") {
            skip_line(&mut self.reader)?;
            return Ok(Some(Err(LineError::TooLong)));
        }
        Ok(Some(value(&self.buffer, self.longest)))
    }
}

/// Skips to the end of a line without storing it.
fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffered = reader.fill_buf()?;
        let (used, ends) = match buffered.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffered.len(), buffered.is_empty()),
        };
        reader.consume(used);
        if ends {
            return Ok(());
        }
    }
}

fn value(line: &[u8], longest: usize) -> Result<Option<Json>, LineError> {
    let text = std::str::from_utf8(line).map_err(|_| LineError::NotUtf8)?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let json = Json::parse(text).map_err(LineError::NotJson)?;
    if json.len() <= longest { Ok(Some(json)) } else { Err(LineError::TooLong) }
}

/// Makes a record from a value without an envelope. Its id is the line number.
fn record(number: u64, body: Json) -> Record {
    let id = RecordId::parse(&number.to_string());
    Record {
        entity: EntityType::new("Line"),
        root: id.clone(),
        id,
        row_version: 0,
        modified: ServerTime(0),
        deleted: false,
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], json: u64, longest: usize) -> (Vec<Vec<String>>, Vec<BadLine>) {
        let mut lines = Lines { longest, ..Lines::new(text) };
        let (mut chunks, mut bad) = (Vec::new(), Vec::new());
        loop {
            let records = lines.chunk(json, &mut |line| bad.push(line)).unwrap();
            if records.is_empty() {
                return (chunks, bad);
            }
            chunks.push(records.iter().map(|record| format!("{}={}", record.id, record.body.as_str())).collect());
        }
    }

    #[test]
    fn names_records_by_line_number() {
        let (chunks, bad) = read(b"{\"b\":1, \"a\":2}\r\n\n  \n[1]\nnull", 1 << 20, 99);
        assert_eq!(chunks, [["1={\"a\":2,\"b\":1}", "4=[1]", "5=null"]]);
        assert_eq!(bad, []);
    }

    #[test]
    fn ends_chunk_at_size_limit() {
        assert_eq!(read(b"11\n22\n33\n", 3, 99).0, [vec!["1=11", "2=22"], vec!["3=33"]]);
        assert!(read(b"", 1, 99).0.is_empty());
    }

    #[test]
    fn reports_and_skips_bad_lines() {
        let (chunks, bad) = read(b"1\n{\"a\":}\n\xff\n[1,2,3,4,5,6,7,8]\n\"12345678\"\n2\n[1] 2", 1 << 20, 9);
        assert_eq!(chunks, [["1=1", "6=2"]]);
        let messages: Vec<String> = bad.iter().map(|bad| format!("{}: {}", bad.number, bad.fault)).collect();
        assert_eq!(messages[0], "2: not JSON: expected a value at byte 5");
        assert_eq!(messages[1], "3: not UTF-8");
        assert!(messages[2].starts_with("4: longer than") && messages[3].starts_with("5: longer than"), "{messages:?}");
        assert!(messages[4].starts_with("7: not JSON"), "{messages:?}");
    }
}
