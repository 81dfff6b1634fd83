//! One `fieldcast` process: its JSON lines, signals and end. Every wait ends at the test's deadline.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    what: String,
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    stderr: Option<JoinHandle<String>>,
    until: Instant,
}

/// The result of an ended process.
pub(crate) struct Ended {
    pub(crate) what: String,
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// All lines of stdout, including those already read as events.
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts the process with an empty stdin, so it has no terminal.
    pub(crate) fn start(what: String, command: &mut Command, until: Instant) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut stderr = child.stderr.take().expect("a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).ok();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { what, child, lines, seen: Vec::new(), stderr: Some(stderr), until }
    }

    /// Waits for the next event of this name.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true)
    }

    /// Waits for the next matching event of this name. Skips other events.
    pub(crate) fn event_where(&mut self, name: &str, matches: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = match self.next_within(self.until.saturating_duration_since(Instant::now())) {
                Ok(Some(event)) => event,
                Ok(None) => self.fail(&format!("no `{name}` event before the deadline")),
                Err(()) => self.fail(&format!("the process ended before a `{name}` event")),
            };
            if event["event"] == name && matches(&event) {
                return event;
            }
        }
    }

    /// The next event, or `None` after `time`. `Err` if the process has closed stdout.
    pub(crate) fn next_within(&mut self, time: Duration) -> Result<Option<Value>, ()> {
        match self.lines.recv_timeout(time) {
            Ok(line) => {
                let event = json(&line).unwrap_or_else(|| self.fail(&format!("not a JSON event: {line}")));
                self.seen.push(line);
                Ok(Some(event))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    /// Whether the test's deadline has passed.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() > self.until
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Peak memory in bytes. `None` if the system does not report it.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(peak.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
    }

    /// Sends a signal by its name (`STOP`, `CONT`, `INT`).
    pub(crate) fn signal(&self, name: &str) {
        // The shell's builtin `kill` needs no extra crate or package.
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.pid())]).status();
        assert!(status.is_ok_and(|status| status.success()), "{}: kill -{name}", self.what);
    }

    /// Kills it with SIGKILL and waits for its end.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child process");
        self.child.wait().expect("a child process");
    }

    /// Waits for the end of the process.
    pub(crate) fn finish(mut self) -> Ended {
        loop {
            match self.lines.recv_timeout(self.until.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => self.fail("the process did not end before the deadline"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.exit_status();
        let stderr = self.stderr.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        let (what, stdout) = (self.what.clone(), std::mem::take(&mut self.seen));
        Ended { what, code: status.code(), stdout, stderr }
    }

    /// Waits for the exit status. The process has closed stdout, so this takes little time.
    fn exit_status(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().expect("a child process") {
                return status;
            }
            if Instant::now() > self.until {
                self.fail("the process closed stdout but did not end");
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Fails the test and prints all output of the process.
    fn fail(&mut self, why: &str) -> ! {
        self.child.kill().ok();
        self.child.wait().ok();
        self.seen.extend(self.lines.iter());
        let stderr = self.stderr.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        panic!("{}: {why}\nstdout:\n{}\nstderr:\n{stderr}", self.what, tail(&self.seen))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Ended {
    /// Fails the test unless the process ended with this code.
    pub(crate) fn expect(self, code: i32) -> Self {
        let Self { what, stdout, stderr, .. } = &self;
        assert_eq!(self.code, Some(code), "{what}\nstdout:\n{}\nstderr:\n{stderr}", tail(stdout));
        self
    }

    /// All events of this name.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let events = self.stdout.iter().filter_map(|line| json(line));
        events.filter(|event| event["event"] == name).collect()
    }

    /// The last line. Fails the test unless it is this event.
    pub(crate) fn last(&self, name: &str) -> Value {
        let last = self.stdout.last().and_then(|line| json(line)).filter(|event| event["event"] == name);
        last.unwrap_or_else(|| {
            panic!("{}: the last line is no `{name}` event:\n{}\n{}", self.what, tail(&self.stdout), self.stderr)
        })
    }
}

fn json(line: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok().filter(|value| value["event"].is_string())
}

fn tail(lines: &[String]) -> String {
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// The text at `key`, or an empty text.
pub(crate) fn text<'v>(event: &'v Value, key: &str) -> &'v str {
    event[key].as_str().unwrap_or_default()
}

/// The whole number at `key`.
pub(crate) fn whole(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("no number `{key}` in {event}"))
}
