//! A receiver of the demo: this program as another process, with a separate folder and key.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fieldcast::Fingerprint;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::LOOPBACK;
use crate::error::{Error, Result};

/// Time limit for a process to start, and to end after it has saved.
const PROCESS_LIMIT: Duration = Duration::from_secs(30);

/// A process that was started.
pub(super) struct Starting {
    name: String,
    dir: PathBuf,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A process that listens. Killed when dropped.
pub(super) struct ReceiverProcess {
    name: String,
    dir: PathBuf,
    child: Child,
    pub(super) fingerprint: Fingerprint,
    /// Reads the output, so that the process never blocks on a full pipe.
    _reader: JoinHandle<()>,
}

impl ReceiverProcess {
    pub(super) fn spawn(dir: &Path, name: String, distributor: &Fingerprint) -> Result<Starting> {
        let started = std::env::current_exe().and_then(|program| {
            Command::new(program)
                .args(["receive", "--json", "--yes", "--once", "--interface", LOOPBACK, "--name", &name])
                .args(["--from", &distributor.to_string()])
                .arg("--data-dir")
                .arg(dir)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
        });
        let failed = |why: String| {
            Error::Unexpected(format!("the receiver {name} could not be started ({why}): try the demo again"))
        };
        let mut child = started.map_err(|error| failed(error.to_string()))?;
        let stdout = child.stdout.take().ok_or_else(|| failed("it has no output".to_owned()))?;
        Ok(Starting { lines: BufReader::new(stdout).lines(), name, dir: dir.to_owned(), child })
    }

    /// Waits until the process has ended; gives its name and folder.
    pub(super) async fn ended(mut self) -> Result<(String, PathBuf)> {
        match tokio::time::timeout(PROCESS_LIMIT, self.child.wait()).await {
            Ok(Ok(_)) => Ok((self.name, self.dir)),
            Ok(Err(error)) => Err(Error::Unexpected(format!("{} failed ({error}): try the demo again", self.name))),
            Err(_) => Err(Error::Unexpected(format!(
                "{} did not end in time: try the demo with fewer --receivers",
                self.name
            ))),
        }
    }
}

impl Starting {
    /// Waits for its `listening` event.
    pub(super) async fn listening(mut self) -> Result<ReceiverProcess> {
        let fingerprint = match tokio::time::timeout(PROCESS_LIMIT, self.fingerprint()).await {
            Ok(fingerprint) => fingerprint?,
            Err(_) => {
                return Err(Error::Unexpected(format!(
                    "{} did not start in time: try the demo with fewer --receivers",
                    self.name
                )));
            }
        };
        let Self { name, dir, child, mut lines } = self;
        let reader = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(ReceiverProcess { name, dir, child, fingerprint, _reader: reader })
    }

    async fn fingerprint(&mut self) -> Result<Fingerprint> {
        while let Ok(Some(line)) = self.lines.next_line().await {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            let text = |key: &str| event[key].as_str().unwrap_or_default();
            match text("event") {
                "listening" => {
                    let unreadable = |_| {
                        Error::Unexpected(format!(
                            "{} sent no valid fingerprint: report this to the developers",
                            self.name
                        ))
                    };
                    return text("fingerprint").parse().map_err(unreadable);
                }
                "error" => return Err(Error::Unexpected(format!("{}: {}", self.name, text("message")))),
                _ => {}
            }
        }
        Err(Error::Unexpected(format!("{} ended before it was ready: try the demo again", self.name)))
    }
}
