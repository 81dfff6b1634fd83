//! Unpacks data that may be gzip, with limits.
//!
//! The magic bytes decide, not the header: object stores send the `Content-Encoding` of the upload. Unpacking here and
//! not in reqwest also gives the number of transferred bytes, and `Range` requests keep their meaning.

use std::io::{self, ErrorKind, Write};

use flate2::write::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why unpacking stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnpackError {
    /// The output is larger than the limit.
    TooLarge,
    /// Invalid gzip, damaged, or incomplete.
    Broken,
}

/// Takes packed or plain bytes and returns plain bytes.
#[derive(Debug)]
pub(crate) struct Unpacker {
    head: Vec<u8>,
    stage: Stage,
    finished: bool,
}

#[derive(Debug)]
enum Stage {
    Undecided(Sink),
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Failed,
}

impl Unpacker {
    /// Unpacks at most `cap` bytes.
    pub(crate) fn new(cap: u64) -> Self {
        Self { head: Vec::new(), stage: Stage::Undecided(Sink { bytes: Vec::new(), left: cap }), finished: false }
    }

    /// Takes the next bytes of the stream.
    pub(crate) fn push(&mut self, input: &[u8]) -> Result<(), UnpackError> {
        if !matches!(self.stage, Stage::Undecided(_)) {
            return self.write(input);
        }
        self.head.extend_from_slice(input);
        if self.head.len() < GZIP_MAGIC.len() { Ok(()) } else { self.decide() }
    }

    /// Marks the end of the stream.
    pub(crate) fn finish(&mut self) -> Result<(), UnpackError> {
        if matches!(self.stage, Stage::Undecided(_)) {
            self.decide()?;
        }
        match &mut self.stage {
            Stage::Gzip(decoder) => decoder.try_finish().map_err(broken)?,
            Stage::Failed => return Err(UnpackError::Broken),
            _ => {}
        }
        self.finished = true;
        Ok(())
    }

    /// Whether the stream has ended correctly.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// The output since the last call. The caller may leave bytes in it.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        match &mut self.stage {
            Stage::Undecided(sink) | Stage::Plain(sink) => &mut sink.bytes,
            Stage::Gzip(decoder) => &mut decoder.get_mut().bytes,
            Stage::Failed => &mut self.head,
        }
    }

    fn decide(&mut self) -> Result<(), UnpackError> {
        let Stage::Undecided(sink) = std::mem::replace(&mut self.stage, Stage::Failed) else { return Ok(()) };
        let head = std::mem::take(&mut self.head);
        let packed = head.starts_with(&GZIP_MAGIC);
        self.stage = if packed { Stage::Gzip(Box::new(MultiGzDecoder::new(sink))) } else { Stage::Plain(sink) };
        self.write(&head)
    }

    fn write(&mut self, input: &[u8]) -> Result<(), UnpackError> {
        match &mut self.stage {
            Stage::Plain(sink) => sink.write_all(input).map_err(broken),
            Stage::Gzip(decoder) => decoder.write_all(input).map_err(broken),
            Stage::Undecided(_) | Stage::Failed => Err(UnpackError::Broken),
        }
    }
}

fn broken(error: io::Error) -> UnpackError {
    if error.kind() == ErrorKind::FileTooLarge { UnpackError::TooLarge } else { UnpackError::Broken }
}

/// A buffer with a size limit.
#[derive(Debug)]
struct Sink {
    bytes: Vec<u8>,
    left: u64,
}

impl Write for Sink {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(input.len() as u64) else {
            return Err(ErrorKind::FileTooLarge.into());
        };
        self.left = left;
        self.bytes.extend_from_slice(input);
        Ok(input.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::gzip;

    fn unpack(input: &[u8], cap: u64) -> Result<Vec<u8>, UnpackError> {
        let mut unpacker = Unpacker::new(cap);
        input.chunks(3).try_for_each(|piece| unpacker.push(piece))?;
        unpacker.finish()?;
        Ok(std::mem::take(unpacker.output()))
    }

    #[test]
    fn unpacks_gzip_and_copies_plain_bytes() {
        for text in ["", "x", "{\"a\":1}", &"long ".repeat(9999)] {
            assert_eq!(unpack(text.as_bytes(), 1 << 20).unwrap(), text.as_bytes());
            assert_eq!(unpack(&gzip(text.as_bytes()), 1 << 20).unwrap(), text.as_bytes());
        }
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(unpack(&two, 99).unwrap(), b"one two", "several members are one stream");
    }

    #[test]
    fn rejects_bomb_truncation_and_damage() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert_eq!(unpack(&bomb, 1 << 20), Err(UnpackError::TooLarge));
        let packed = gzip(&"some text ".repeat(500).into_bytes());
        for cut in 2..packed.len() {
            assert_eq!(unpack(&packed[..cut], 1 << 20), Err(UnpackError::Broken), "cut at {cut}");
        }
        let mut damaged = packed.clone();
        damaged[packed.len() / 2] ^= 0x10;
        assert_eq!(unpack(&damaged, 1 << 20), Err(UnpackError::Broken));
    }
}
