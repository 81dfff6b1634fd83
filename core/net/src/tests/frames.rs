use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fieldcast_wire::frame::{FrameError, FrameKind};
use tokio::io::AsyncWriteExt;

use super::{LONG, SHORT, connected};
use crate::{Connection, Error, FrameReader, FrameWriter};

const KINDS: [FrameKind; 3] = [FrameKind::Control, FrameKind::Manifest, FrameKind::Chunk];

/// A writer, and the reader at its other end.
async fn one_way() -> (FrameWriter, FrameReader, Vec<Box<dyn std::any::Any>>) {
    let (out, inward) = connected().await;
    let (idle, writer) = out.split();
    let (reader, silent) = inward.split();
    (writer, reader, vec![Box::new(idle), Box::new(silent)])
}

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

/// A connection whose other end sends these raw bytes over TLS.
async fn receiving(bytes: &[u8]) -> (Connection, FrameReader) {
    let (mut out, inward) = connected().await;
    out.stream.write_all(bytes).await.unwrap();
    out.stream.flush().await.unwrap();
    (out, inward.split().0)
}

#[tokio::test]
async fn delivers_frames_of_every_kind_and_length() {
    let (mut writer, mut reader, _rest) = one_way().await;
    let lengths = |kind: FrameKind| [0, 1, 16_378, 16_379, 16_380, 65_000, kind.max_len()];
    let send = async {
        for kind in KINDS {
            for len in lengths(kind) {
                writer.write(kind, &payload(len)).await.unwrap();
            }
        }
        writer.shutdown().await.unwrap();
    };
    let receive = async {
        for kind in KINDS {
            for len in lengths(kind) {
                assert!(reader.read().await.unwrap() == (kind, payload(len)), "{kind:?} of {len}");
            }
        }
        assert!(matches!(reader.read().await, Err(Error::Closed)));
    };
    tokio::join!(send, receive);
}

#[tokio::test]
async fn rejects_invalid_header_at_once() {
    let (_out, mut reader) = receiving(&[3, 255, 255, 255, 255]).await;
    let error = reader.read().await.unwrap_err();
    assert!(matches!(error, Error::Frame(FrameError::TooLong { len: 0xffff_ffff, .. })), "{error:?}");
    assert_eq!(reader.arrived.capacity(), 5, "no memory was reserved");
    let (_out, mut reader) = receiving(&[9, 1, 0, 0, 0]).await;
    assert!(matches!(reader.read().await, Err(Error::Frame(FrameError::UnknownKind(9)))));
}

#[tokio::test]
async fn reserves_no_memory_for_announced_length() {
    let (_out, mut reader) = receiving(&[3, 0, 0, 128, 0, 1, 2, 3]).await;
    reader.set_idle_limit(SHORT);
    assert!(matches!(reader.read().await, Err(Error::Timeout)));
    assert_eq!(reader.arrived, [1, 2, 3]);
    assert!(reader.arrived.capacity() <= 64 << 10);
}

#[tokio::test]
async fn rejects_data_frames_before_authorization() {
    let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (_out, mut reader) = receiving(&[1, 0, 0, 0, 0, 3, 0, 0, 128, 0, 1]).await;
    reader.set_takes_data(flag.clone());
    assert!(reader.read().await.is_ok(), "messages are always accepted");
    let error = reader.read().await.unwrap_err();
    assert!(matches!(error, Error::Frame(FrameError::NotYet(FrameKind::Chunk))), "{error:?}");
    assert_eq!(reader.arrived.capacity(), 5, "no memory was reserved");

    let (_out, mut reader) = receiving(&[3, 1, 0, 0, 0, 7]).await;
    reader.set_takes_data(flag.clone());
    flag.store(true, std::sync::atomic::Ordering::Release);
    assert_eq!(reader.read().await.unwrap(), (FrameKind::Chunk, vec![7]));
}

#[tokio::test]
async fn distinguishes_close_from_loss() {
    let (out, mut reader) = receiving(&[1, 9, 0, 0, 0, 1, 2]).await;
    out.split().1.shutdown().await.unwrap();
    assert!(matches!(reader.read().await, Err(Error::Cut)), "closed inside a frame");
    let (out, mut reader) = receiving(&[1, 0, 0]).await;
    drop(out);
    assert!(matches!(reader.read().await, Err(Error::Cut)), "lost inside a header");
    let (out, mut reader) = receiving(&[1, 0, 0, 0, 0]).await;
    drop(out);
    assert!(reader.read().await.is_ok());
    assert!(matches!(reader.read().await, Err(Error::Cut)), "lost between two frames, without a close message");
}

#[tokio::test]
async fn keeps_bytes_of_dropped_read() {
    let (mut out, inward) = connected().await;
    let mut reader = inward.split().0;
    let mut bytes = vec![1, 20, 0, 0, 0];
    bytes.extend(payload(20));
    for byte in bytes {
        let early = tokio::time::timeout(Duration::ZERO, reader.read()).await;
        assert!(early.is_err(), "{early:?}");
        out.stream.write_all(&[byte]).await.unwrap();
        out.stream.flush().await.unwrap();
    }
    assert_eq!(reader.read().await.unwrap(), (FrameKind::Control, payload(20)));
}

#[tokio::test]
async fn counts_silence_across_dropped_reads() {
    let (_out, inward) = connected().await;
    let mut reader = inward.split().0;
    reader.set_idle_limit(SHORT);
    let mut tick = tokio::time::interval(SHORT / 10);
    let ended = async {
        loop {
            tokio::select! {
                ended = reader.read() => return ended,
                _ = tick.tick() => {}
            }
        }
    };
    assert!(matches!(tokio::time::timeout(LONG, ended).await.unwrap(), Err(Error::Timeout)));
}

#[tokio::test]
async fn sends_nothing_of_oversized_frame() {
    let (mut writer, mut reader, _rest) = one_way().await;
    let error = writer.write(FrameKind::Control, &payload(FrameKind::Control.max_len() + 1)).await.unwrap_err();
    assert!(matches!(error, Error::Frame(FrameError::TooLong { .. })), "{error:?}");
    writer.write(FrameKind::Control, b"next").await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(reader.read().await.unwrap(), (FrameKind::Control, b"next".to_vec()));
}

#[tokio::test]
async fn times_out_when_peer_reads_nothing() {
    let (mut writer, _reader, _rest) = one_way().await;
    writer.set_idle_limit(SHORT);
    let chunk = payload(FrameKind::Chunk.max_len());
    let ended = loop {
        if let Err(error) = writer.write(FrameKind::Chunk, &chunk).await {
            break error;
        }
    };
    assert!(matches!(ended, Error::Timeout), "{ended:?}");
}

#[tokio::test]
async fn counts_same_bytes_on_both_sides() {
    let (out, inward) = connected().await;
    let (there, here) = (out.traffic(), inward.traffic());
    let handshake = there.sent.load(Relaxed) + here.sent.load(Relaxed);
    assert!((500..2000).contains(&handshake), "{handshake}");
    let ((mut out_reader, mut out_writer), (mut in_reader, mut in_writer)) = (out.split(), inward.split());
    let chunk = payload(1 << 20);
    let call = async {
        out_writer.write(FrameKind::Chunk, &chunk).await.unwrap();
        out_writer.shutdown().await.unwrap();
        while out_reader.read().await.is_ok() {}
    };
    let answer = async {
        in_reader.read().await.unwrap();
        in_writer.write(FrameKind::Control, b"thanks").await.unwrap();
        in_writer.shutdown().await.unwrap();
        while in_reader.read().await.is_ok() {}
    };
    tokio::join!(call, answer);
    assert_eq!(there.sent.load(Relaxed), here.received.load(Relaxed));
    assert_eq!(here.sent.load(Relaxed), there.received.load(Relaxed));
    let overhead = there.sent.load(Relaxed) - chunk.len() as u64;
    assert!(overhead < 4000, "{overhead} bytes of TLS on 1 MiB");
}
