//! Checks everything that Fieldcast needs on a device, and gives advice for each problem. It changes nothing: it does
//! not repair damaged files and does not create missing ones.

mod clock;
mod folder;
mod network;
#[cfg(all(test, unix))]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use crate::settings::DEFAULT_RESERVE;
use crate::{Error, task};

/// The subject of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checked {
    /// The networks of the device, and the one that Fieldcast would use.
    Interfaces,
    /// Whether this device receives its own mDNS announcement on that network.
    Multicast,
    /// Whether this device can listen on that network.
    Port,
    /// Whether there is enough free space to receive data.
    Disk,
    /// Whether the clock can be right.
    Clock,
    /// Whether the data folder is writable, and private to its owner.
    Folder,
    /// Whether the device key exists, is undamaged and is private to its owner.
    Key,
    /// Whether the database is undamaged.
    Database,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// No problem.
    Ok,
    /// It works now but may fail later, or the check could not run.
    Warning,
    /// Fieldcast will fail.
    Problem,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The subject of the check.
    pub checked: Checked,
    /// The severity.
    pub finding: Finding,
    /// The finding, in one line.
    pub found: String,
    /// The advice, in one line; empty if there is nothing to do.
    pub advice: String,
}

impl Check {
    fn ok(checked: Checked, found: impl Into<String>) -> Self {
        Self { checked, finding: Finding::Ok, found: found.into(), advice: String::new() }
    }

    fn warning(checked: Checked, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { checked, finding: Finding::Warning, found: found.into(), advice: advice.into() }
    }

    fn problem(checked: Checked, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { checked, finding: Finding::Problem, found: found.into(), advice: advice.into() }
    }
}

/// The settings of the checks.
#[derive(Clone, Debug)]
pub struct DoctorSettings {
    /// The folder of the database and the device key.
    pub data_dir: PathBuf,
    /// The network to use, by interface name or address; `None` takes the best one.
    pub interface: Option<String>,
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// How long to wait for the own mDNS announcement.
    pub hear_for: Duration,
    /// Bytes that should stay free.
    pub reserve: u64,
    /// Free bytes; `None` asks the system.
    pub free_space: Option<u64>,
    /// The current time, in ms since 1970.
    pub now: i64,
}

impl DoctorSettings {
    /// The usual settings for a data directory, at the system's time.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            interface: None,
            port: 0,
            hear_for: Duration::from_secs(4),
            reserve: DEFAULT_RESERVE,
            free_space: None,
            now: crate::clock::now(), // 0 for a clock before 1970, which the check reports as wrong
        }
    }
}

/// Runs all checks, in the order of [`Checked`]. It works while another process uses the folder, and sends nothing but
/// one mDNS announcement. Call it inside a tokio runtime. It takes a few seconds at most, but longer for a large
/// database that may be damaged.
pub async fn doctor(settings: DoctorSettings) -> Vec<Check> {
    let mut checks = network::check(&settings).await;
    let here = task::blocking(move || {
        let mut checks = vec![folder::disk(&settings), clock::check(settings.now)];
        checks.extend([folder::folder(&settings), folder::key(&settings), folder::database(&settings)]);
        Ok::<_, Error>(checks)
    });
    match here.await {
        Ok(here) => checks.extend(here),
        Err(_) => {
            checks.push(Check::problem(Checked::Folder, "the check of the folder ended early", "please report this"))
        }
    }
    checks
}
