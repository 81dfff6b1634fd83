//! One pre-generated file as a stream of lines that resumes after a broken connection.

use fieldcast_model::ServerTime;
use reqwest::{Response, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use crate::client::Client;
use crate::error::Error;
use crate::failure::Failure;
use crate::gunzip::Unpacker;
use crate::http;
use crate::memory::STEP;
use crate::retry::Attempts;

/// A file during reading.
#[derive(Debug)]
pub(crate) struct FileStream {
    client: Client,
    url: String,
    response: Option<Response>,
    unpacker: Unpacker,
    /// The last received packed bytes, and how many of them are unpacked: a few bytes can unpack to megabytes.
    packed: (Vec<u8>, usize),
    /// Packed bytes received so far.
    pub(crate) received: u64,
    /// Packed bytes to skip: a server may answer a range request with the whole file.
    skip: u64,
    etag: Option<String>,
    /// The creation time of the file, from the server that stores it.
    pub(crate) last_modified: Option<ServerTime>,
    /// The time limit. It moves with every received byte.
    deadline: Instant,
}

impl FileStream {
    pub(crate) fn new(client: &Client, url: &str) -> Self {
        let config = client.config();
        Self {
            client: client.clone(),
            url: url.to_owned(),
            response: None,
            unpacker: Unpacker::new(config.limits.file_bytes),
            packed: (Vec::new(), 0),
            received: 0,
            skip: 0,
            etag: None,
            last_modified: None,
            deadline: Instant::now() + config.timeouts.file,
        }
    }

    /// The next whole lines, possibly none yet; `None` at the end of the file. Resumes after a broken connection.
    pub(crate) async fn lines(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.unpacker.is_finished() {
            return Ok(None);
        }
        let mut attempts = Attempts::new(self.client.config().retry);
        let limit = self.client.config().limits.file_bytes;
        let failed = |error| http::unpack_failure(error, limit).error;
        loop {
            if let Some(step) = self.packed.0.get(self.packed.1..).and_then(|packed| packed.chunks(STEP).next()) {
                let before = self.unpacker.output().len();
                // This damage is in the file and not in the transfer: a retry returns the same bytes.
                self.unpacker.push(step).map_err(failed)?;
                self.packed.1 += step.len();
                return self.whole_lines(before).map(Some);
            }
            match self.piece().await {
                Ok(true) => {}
                Ok(false) => {
                    self.unpacker.finish().map_err(failed)?;
                    return Ok(Some(std::mem::take(self.unpacker.output())));
                }
                Err(failure) => {
                    self.response = None;
                    attempts.wait_after(failure).await?;
                }
            }
        }
    }

    /// Reads the next bytes from the connection; `false` at the end of the file.
    async fn piece(&mut self) -> Result<bool, Failure> {
        let late = || Failure::fatal(Error::unreachable("no more bytes of the file arrived"));
        if self.response.is_none() {
            self.response = Some(timeout_at(self.deadline, self.open()).await.map_err(|_| late())??);
        }
        let Some(response) = &mut self.response else { return Ok(false) };
        let Some(piece) = timeout_at(self.deadline, response.chunk()).await.map_err(|_| late())?? else {
            return Ok(false);
        };
        let passed = self.skip.min(piece.len() as u64);
        self.skip -= passed;
        let fresh = &piece[passed as usize..];
        self.received += fresh.len() as u64;
        // Skipped bytes do not count. Otherwise a connection that always breaks before new bytes would never reach the
        // time limit.
        if !fresh.is_empty() {
            self.deadline = Instant::now() + self.client.config().timeouts.file;
        }
        self.packed = (fresh.to_vec(), 0);
        Ok(true)
    }

    /// Connects at the present position in the file. Each generation overwrites the file, so resuming is correct only
    /// with the same entity tag.
    async fn open(&mut self) -> Result<Response, Failure> {
        let mut request = self.client.http().get(&self.url).map_err(Failure::fatal)?;
        if let Some(etag) = self.etag.as_ref().filter(|_| self.received > 0) {
            let range = format!("bytes={}-", self.received);
            request = request.header(header::RANGE, range).header(header::IF_RANGE, etag);
        }
        let response = request.send().await?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let etag = header(header::ETAG);
        let same = etag.is_some() && etag == self.etag;
        let resumes =
            || header(header::CONTENT_RANGE).is_some_and(|r| r.starts_with(&format!("bytes {}-", self.received)));
        match response.status() {
            StatusCode::OK if self.received == 0 => {
                self.last_modified = http::date(&response, header::LAST_MODIFIED);
                self.etag = etag.filter(|etag| !etag.starts_with("W/"));
            }
            StatusCode::OK if same => self.skip = self.received,
            StatusCode::PARTIAL_CONTENT if resumes() => self.skip = 0,
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                let what = "a prepared file was replaced during the download, so the download must start again";
                return Err(Failure::fatal(Error::bad_answer(what)));
            }
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Err(Failure::fatal(Error::bad_answer("the links to prepared files have expired")));
            }
            other => {
                let after = http::retry_after(&response);
                return Err(Failure::of_status(other.as_u16(), after, "of prepared files", ""));
            }
        }
        Ok(response)
    }

    /// Bytes of an incomplete line.
    pub(crate) fn rest(&mut self) -> u64 {
        self.unpacker.output().len() as u64
    }

    /// Removes the whole lines from the output. Its first `before` bytes contain no line end.
    fn whole_lines(&mut self, before: usize) -> Result<Vec<u8>, Error> {
        let cap = self.client.config().limits.line_bytes;
        let output = self.unpacker.output();
        let end = output[before..].iter().rposition(|byte| *byte == b'\n');
        let lines = end.map_or_else(Vec::new, |end| {
            let rest = output.split_off(before + end + 1);
            std::mem::replace(output, rest)
        });
        if output.len() as u64 > cap {
            return Err(Error::bad_answer("a line above the size limit"));
        }
        Ok(lines)
    }
}
