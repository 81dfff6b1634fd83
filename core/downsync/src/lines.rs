//! One pre-generated file as a stream of lines that goes on after a broken connection.

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

/// A file being read.
#[derive(Debug)]
pub(crate) struct FileStream {
    client: Client,
    url: String,
    response: Option<Response>,
    unpacker: Unpacker,
    /// Packed bytes that came last, and how many of them are unpacked: a few can be megabytes.
    packed: (Vec<u8>, usize),
    /// Packed bytes taken so far.
    pub(crate) received: u64,
    /// Packed bytes to pass over: a server may answer a range request with everything.
    skip: u64,
    etag: Option<String>,
    /// When the file was made, by the store that serves it.
    pub(crate) last_modified: Option<ServerTime>,
    /// When to give up; later with everything that comes.
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

    /// The next whole lines, possibly none yet; `None` when the file has ended. Goes on where a connection broke.
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
                // Damage here is in the file, not on the way: asking again gives the same bytes.
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

    /// Takes one piece off the connection; `false` at the end of the file.
    async fn piece(&mut self) -> Result<bool, Failure> {
        let late = || Failure::fatal(Error::unreachable("nothing more of a file came"));
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
        // Not with what is passed over, or a connection that always breaks before anything new would go on for ever.
        if !fresh.is_empty() {
            self.deadline = Instant::now() + self.client.config().timeouts.file;
        }
        self.packed = (fresh.to_vec(), 0);
        Ok(true)
    }

    /// Connects, from where the file is read up to. Files are overwritten in place with each generation, so going on
    /// is right only while the entity tag is the same.
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
                let what = "a prepared file was replaced during the download, which must start over";
                return Err(Failure::fatal(Error::bad_answer(what)));
            }
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Err(Failure::fatal(Error::bad_answer("the links to prepared files have run out")));
            }
            other => {
                let after = http::retry_after(&response);
                return Err(Failure::of_status(other.as_u16(), after, "of prepared files", ""));
            }
        }
        Ok(response)
    }

    /// Bytes of a line that has not ended yet.
    pub(crate) fn rest(&mut self) -> u64 {
        self.unpacker.output().len() as u64
    }

    /// Cuts the whole lines off what has been unpacked. Its first bytes, `before`, hold no end of a line.
    fn whole_lines(&mut self, before: usize) -> Result<Vec<u8>, Error> {
        let cap = self.client.config().limits.line_bytes;
        let output = self.unpacker.output();
        let end = output[before..].iter().rposition(|byte| *byte == b'\n');
        let lines = end.map_or_else(Vec::new, |end| {
            let rest = output.split_off(before + end + 1);
            std::mem::replace(output, rest)
        });
        if output.len() as u64 > cap {
            return Err(Error::bad_answer("a line that does not end"));
        }
        Ok(lines)
    }
}
