//! Devices: a unique name, a data directory, and an optional network namespace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Ended, Holdings, PASSWORD, Process};

/// The environment of one test: the folder of its devices, and its deadline.
pub(crate) struct Field {
    dir: TempDir,
    test: &'static str,
    until: Instant,
}

impl Field {
    pub(crate) fn new(test: &'static str, seconds: u64) -> Self {
        let dir = tempfile::Builder::new().prefix("fieldcast-e2e-").tempdir().expect("a temporary folder");
        Self { dir, test, until: Instant::now() + Duration::from_secs(seconds) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A device with a name that is unique on this machine's loopback.
    pub(crate) fn device(&self, role: &str) -> Device {
        let folder = self.dir.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let random = &folder[folder.len().saturating_sub(6)..];
        let name = format!("{}-{random}-{role}", self.test);
        Device { dir: self.dir.path().join(role), name, netns: None, until: self.until }
    }
}

/// One device. Its data directory outlives its processes.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    netns: Option<String>,
    until: Instant,
}

impl Device {
    /// The same device in a network namespace.
    pub(crate) fn inside(&self, netns: &str) -> Self {
        Self { netns: Some(netns.to_owned()), ..self.clone() }
    }

    /// The same name with another data directory.
    pub(crate) fn at(&self, dir: &Path) -> Self {
        Self { dir: dir.to_owned(), ..self.clone() }
    }

    /// Copies its data directory.
    pub(crate) fn copy_to(&self, dir: &Path) {
        fs::create_dir_all(dir).expect("a folder");
        for file in fs::read_dir(&self.dir).expect("a folder") {
            let file = file.expect("a file");
            fs::copy(file.path(), dir.join(file.file_name())).expect("a copy");
        }
    }

    /// Starts `fieldcast --json ARGS` with this device's data directory.
    pub(crate) fn start(&self, args: &[&str]) -> Process {
        self.start_with(&[&["--json"], args].concat(), PASSWORD)
    }

    /// Runs `fieldcast --json ARGS` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.start(args).finish()
    }

    /// Runs `fieldcast ARGS` to its end, without `--json`, as a user does.
    pub(crate) fn run_plain(&self, args: &[&str]) -> Ended {
        self.start_with(args, PASSWORD).finish()
    }

    /// Starts a process with exactly these arguments and this login password.
    pub(crate) fn start_with(&self, args: &[&str], password: &str) -> Process {
        // Tests another build if set, for example the release build.
        let binary = std::env::var_os("FIELDCAST_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_fieldcast").into());
        let mut command = match &self.netns {
            // `ip` replaces itself with the program, so signals still reach it.
            Some(netns) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", netns]).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        if std::env::var_os("FIELDCAST_LOG").is_none() {
            command.env("FIELDCAST_LOG", "warn"); // shown if a test fails
        }
        command.env("FIELDCAST_DATA_DIR", &self.dir).env("FIELDCAST_PASSWORD", password).args(args);
        Process::start(format!("{}: fieldcast {}", self.name, args.join(" ")), &mut command, self.until)
    }

    /// Starts to receive with this device's name, and waits until it listens.
    pub(crate) fn receive(&self, args: &[&str]) -> Process {
        let interface = if self.netns.is_some() { "p2p0" } else { "127.0.0.1" };
        let receive = ["receive", "--interface", interface, "--name", &self.name];
        let mut process = self.start(&[&receive, args].concat());
        process.event("listening");
        process
    }

    /// Starts a send to these receivers.
    pub(crate) fn send(&self, receivers: &[&Self], args: &[&str]) -> Process {
        let interface = if self.netns.is_some() { "p2p0" } else { "127.0.0.1" };
        let to = receivers.iter().flat_map(|receiver| ["--to", receiver.name.as_str()]);
        let send: Vec<&str> = ["send", "--unverified", "--interface", interface].into_iter().chain(to).collect();
        self.start(&[&send, args].concat())
    }

    /// The contents of its database. Call it only while none of its processes runs.
    pub(crate) fn holdings(&self) -> Holdings {
        Holdings::of(&self.dir)
    }
}
