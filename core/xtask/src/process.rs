//! One `fieldcast --json` process: its events in order, its signals, its memory.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Outcome, memory};

/// How often the memory is read while no event arrives.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The maximum wait for an event.
const EVENT_TIMEOUT: Duration = Duration::from_secs(180);

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    what: String,
    peak: Option<u64>,
}

/// The result of a process.
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    events: Vec<Value>,
}

impl Ended {
    /// Returns its events with this name.
    pub(crate) fn events(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(move |event| event["event"] == name)
    }
}

impl Process {
    pub(crate) fn start(binary: &Path, data_dir: PathBuf, args: &[&str], stderr: Stdio) -> Outcome<Self> {
        let mut child = Command::new(binary)
            .arg("--json")
            .args(args)
            .env("FIELDCAST_DATA_DIR", data_dir)
            .env("FIELDCAST_PASSWORD", "fieldcast")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no pipe")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let what = args.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        Ok(Self { child, lines, what, peak: None })
    }

    /// Waits for the next event with this name that `fits`.
    pub(crate) fn event(&mut self, name: &str, mut fits: impl FnMut(&Value) -> bool) -> Outcome<Value> {
        let until = Instant::now() + EVENT_TIMEOUT;
        while Instant::now() < until {
            // The peak only grows, so the last value is the right one.
            self.peak = memory::peak_of(self.child.id()).or(self.peak);
            match self.lines.recv_timeout(POLL_INTERVAL) {
                Ok(line) => {
                    let event: Value = serde_json::from_str(&line)?;
                    if event["event"] == name && fits(&event) {
                        return Ok(event);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(_) => return Err(format!("`fieldcast {}` ended before the event `{name}`", self.what).into()),
            }
        }
        Err(format!("`fieldcast {}` did not send the event `{name}` in time", self.what).into())
    }

    /// Waits for its successful end.
    pub(crate) fn finish(self) -> Outcome<Ended> {
        let what = self.what.clone();
        let ended = self.end()?;
        if ended.code == Some(0) {
            Ok(ended)
        } else {
            Err(format!("`fieldcast {what}` failed with exit code {:?}", ended.code).into())
        }
    }

    /// Waits for its end, successful or not.
    pub(crate) fn end(mut self) -> Outcome<Ended> {
        let mut events = Vec::new();
        loop {
            match self.lines.recv_timeout(EVENT_TIMEOUT) {
                Ok(line) => events.push(serde_json::from_str(&line)?),
                Err(RecvTimeoutError::Timeout) => return Err(format!("`fieldcast {}` did not end", self.what).into()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(Ended { code: self.child.wait()?.code(), events })
    }

    /// Sends a signal, by name.
    pub(crate) fn signal(&self, name: &str) -> Outcome<()> {
        // Use the shell's built-in `kill`, which needs no crate and no package.
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status()?;
        if status.success() { Ok(()) } else { Err(format!("kill -{name}: {status}").into()) }
    }

    /// Its peak memory so far, if the system reports it.
    pub(crate) fn peak(&self) -> Option<u64> {
        self.peak
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
