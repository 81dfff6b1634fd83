//! A server with scripted answers on a real socket.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Path and query.
    pub(crate) target: String,
    /// Lower-case names, one `name: value` per line.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn criteria(&self) -> Value {
        self.json()["DownsyncCriteria"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A scripted answer.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Close the connection after this many bytes of the body.
    pub(crate) cut: Option<usize>,
    /// Never answer.
    pub(crate) hang: bool,
}

impl Scripted {
    pub(crate) fn json(value: &Value) -> Self {
        Self::raw(200, value.to_string())
    }

    pub(crate) fn raw(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: None, hang: false }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The server. It ends with the runtime of the test.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that answers the n-th request (from 0) with `script`.
    pub(crate) async fn start(script: impl Fn(usize, &Request) -> Scripted + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, script) = (Arc::clone(&seen), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                tokio::spawn(async move {
                    let mut stream = stream;
                    let Some(request) = receive(&mut stream).await else { return };
                    let number = {
                        let mut log = log.lock().unwrap();
                        log.push(request.clone());
                        log.len() - 1
                    };
                    answer(stream, script(number, &request)).await;
                });
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).replace('\r', "");
    let (first, head) = head.split_once('\n')?;
    let mut request = Request { target: first.split(' ').nth(1)?.into(), head: head.into(), body: String::new() };
    let length: usize = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    while bytes.len() < end + 4 + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    request.body = String::from_utf8_lossy(&bytes[end + 4..]).into();
    Some(request)
}

async fn answer(mut stream: TcpStream, scripted: Scripted) {
    if scripted.hang {
        return std::future::pending().await;
    }
    let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", scripted.status);
    if !scripted.headers.iter().any(|(name, _)| *name == "content-length") {
        head += &format!("content-length: {}\r\n", scripted.body.len());
    }
    scripted.headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    let body = &scripted.body[..scripted.cut.unwrap_or(scripted.body.len())];
    let _ = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).await;
    let _ = stream.shutdown().await;
}
