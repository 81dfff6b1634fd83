//! Looks at what Fieldcast needs on a device, and says what to do where it is not there. Changes nothing: what is
//! damaged stays damaged, what is missing is not made.

mod clock;
mod folder;
mod network;
#[cfg(all(test, unix))]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use crate::settings::DEFAULT_RESERVE;
use crate::task;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checked {
    /// Which networks there are and which would be used.
    Interfaces,
    /// Whether this device hears what it says by mDNS there.
    Multicast,
    /// Whether it can be called there.
    Port,
    /// Whether there is room for what is received.
    Disk,
    /// Whether the time can be right.
    Clock,
    /// Whether the data folder can be written, and by its owner alone.
    Folder,
    /// Whether the device key is there, whole and its owner's alone.
    Key,
    /// Whether the database is sound.
    Database,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// As it should be.
    Ok,
    /// Works, but not as well or not for ever; or could not be looked at.
    Warning,
    /// Something will fail.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub checked: Checked,
    /// How bad it is.
    pub finding: Finding,
    /// What was found, in one line.
    pub found: String,
    /// What to do, in one line; empty when there is nothing to do.
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

/// Where to look, and what to take for granted.
#[derive(Clone, Debug)]
pub struct DoctorSettings {
    /// The folder of database and device key.
    pub data_dir: PathBuf,
    /// The network to use, by interface name or address; the best one if `None`.
    pub interface: Option<String>,
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// How long an own mDNS announcement is waited for.
    pub hear_for: Duration,
    /// Bytes that should stay free.
    pub reserve: u64,
    /// Bytes that are free; the system is asked if `None`.
    pub free_space: Option<u64>,
    /// What time it is, in ms since 1970.
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
            now: crate::clock::now(), // 0 for a clock before 1970, which is as wrong, and found so
        }
    }
}

/// Looks at everything, in the order of [`Checked`]. Works while the folder is in use, and contacts nobody but by the
/// one mDNS announcement. To be called inside a tokio runtime; takes a few seconds at most, but for a large database
/// that is suspect.
pub async fn doctor(settings: DoctorSettings) -> Vec<Check> {
    let mut checks = network::check(&settings).await;
    let here = task::blocking(move || {
        let mut checks = vec![folder::disk(&settings), clock::check(settings.now)];
        checks.extend([folder::folder(&settings), folder::key(&settings), folder::database(&settings)]);
        checks
    });
    match here.await {
        Ok(here) => checks.extend(here),
        Err(_) => {
            checks.push(Check::problem(Checked::Folder, "the look at the folder ended early", "please report this"))
        }
    }
    checks
}
