//! Faults that apply to any answer: delayed, rejected, truncated, or with a broken connection.

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

/// Applies delays and error responses before the request is processed.
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

/// Returns a body of `bytes`, or of their first half if a fault truncates it.
pub(super) fn body(mut bytes: Vec<u8>, faults: &[FaultKind]) -> Body {
    let dropped = faults.contains(&FaultKind::Dropped);
    if dropped || faults.contains(&FaultKind::Truncated) {
        bytes.truncate(bytes.len() / 2);
    }
    if dropped { Body::from_stream(ReaderStream::new(Breaking { bytes, sent: 0 })) } else { Body::from(bytes) }
}

/// Returns the text to repeat and the target size in bytes, for a body that expands.
pub(super) fn expansion(faults: &[FaultKind]) -> Option<(&str, u64)> {
    faults.iter().find_map(|fault| match fault {
        FaultKind::Expanded { item, bytes } => Some((item.as_str(), *bytes)),
        _ => None,
    })
}

/// The size of one gzip member of a body that expands, in bytes.
const MEMBER: usize = 1 << 20;

/// Returns as gzip: `start`, then `item` and `separator` repeated for about `bytes` bytes, then `item` and `end`.
pub(super) fn expanded([start, item, separator, end]: [&str; 4], bytes: u64) -> io::Result<Vec<u8>> {
    // A gzip member can be repeated, so compression takes no longer than copying the compressed output.
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

/// Sends the bytes, then resets the connection.
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
