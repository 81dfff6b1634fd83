//! Faults that spoil any answer: late, refused, cut short, or broken off with the connection.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::ReaderStream;

use super::reply::Refusal;
use crate::faults::FaultKind;

/// Waits or refuses as the faults say, before anything is looked at.
pub(super) async fn before(faults: &[FaultKind]) -> Result<(), Refusal> {
    for fault in faults {
        match fault {
            FaultKind::Slow { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            FaultKind::ServerError => return Err(Refusal::server_error()),
            _ => {}
        }
    }
    Ok(())
}

/// The body of `bytes`, or of their first half where a fault cuts it.
pub(super) fn body(mut bytes: Vec<u8>, faults: &[FaultKind]) -> Body {
    let dropped = faults.contains(&FaultKind::Dropped);
    if dropped || faults.contains(&FaultKind::Truncated) {
        bytes.truncate(bytes.len() / 2);
    }
    if dropped { Body::from_stream(ReaderStream::new(Breaking { bytes, sent: 0 })) } else { Body::from(bytes) }
}

/// What a body is to expand to: a text again and again, for so many bytes.
pub(super) fn expansion(faults: &[FaultKind]) -> Option<(&str, u64)> {
    faults.iter().find_map(|fault| match fault {
        FaultKind::Expanded { item, bytes } => Some((item.as_str(), *bytes)),
        _ => None,
    })
}

/// Bytes in a member of a body that expands.
const MEMBER: usize = 1 << 20;

/// `start`, then `item` and `separator` for about `bytes` bytes, then `item` and `end`, as gzip.
pub(super) fn expanded([start, item, separator, end]: [&str; 4], bytes: u64) -> io::Result<Vec<u8>> {
    // A member of gzip can be repeated, so this takes no longer than what it makes is long.
    let many = [item, separator].concat();
    let many = many.repeat((MEMBER / many.len()).max(1));
    let members = gzip(&many)?.repeat(usize::try_from(bytes).unwrap_or(usize::MAX) / many.len() + 1);
    Ok([gzip(start)?, members, gzip(&[item, end].concat())?].concat())
}

fn gzip(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// Bytes and then a reset connection.
struct Breaking {
    bytes: Vec<u8>,
    sent: usize,
}

impl AsyncRead for Breaking {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let rest = &self.bytes[self.sent..];
        if rest.is_empty() {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
        }
        let count = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..count]);
        self.sent += count;
        Poll::Ready(Ok(()))
    }
}
