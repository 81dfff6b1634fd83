//! The setup of a round: a distributor with data, and new receivers in each round.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::args::BenchCrowd;
use crate::process::Process;
use crate::{Outcome, binary};

/// The signals for the failing receivers.
const SIGNALS: [&str; 2] = ["STOP", "KILL"];
const LOOPBACK: [&str; 2] = ["--interface", "127.0.0.1"];

/// The distributor and the data it sends.
pub(super) struct Scene {
    binary: PathBuf,
    dir: TempDir,
    receivers: usize,
    pub(super) json: u64,
    pub(super) wire: u64,
}

/// The measurements of a round.
pub(super) struct RoundTimes {
    /// Time from the first byte of data until the median one of the other receivers had saved.
    pub(super) middle: Duration,
    /// Time until the last one had saved.
    pub(super) last: Duration,
    /// The peak memory of the distributor.
    pub(super) peak: Option<u64>,
}

impl Scene {
    pub(super) fn prepare(options: &BenchCrowd) -> Outcome<Self> {
        let receivers = options.receivers.into();
        let mut scene = Self { binary: binary::build(true)?, dir: tempfile::tempdir()?, receivers, json: 0, wire: 0 };
        let (households, seed) = (options.households.to_string(), options.seed.to_string());
        let sandbox = ["sandbox", "--listen", "127.0.0.1:0", "--households", &households, "--seed", &seed];
        let mut sandbox = scene.start("sandbox", &sandbox)?;
        let at = sandbox.event("sandbox", |_| true)?;
        let text = |key: &str| at[key].as_str().unwrap_or_default();
        let login = ["login", "--server", text("url"), "--tenant", text("tenant"), "--user", text("user")];
        let project = scene.start("distributor", &login)?.event("login", |_| true)?["projects"][0]["id"].to_string();
        let downsync = ["downsync", "--all", "--project", project.trim_matches('"')];
        scene.start("distributor", &downsync)?.finish()?;
        // Send once before the rounds, so that every round finds cached chunks.
        let (receivers, mut send) = scene.begin(1)?;
        scene.json = number(&send.event("offer", |_| true)?, "json_bytes");
        scene.wire = number(&send.event("send_state", |event| event["state"] == "saved")?, "wire");
        drop(receivers);
        Ok(scene)
    }

    /// Sends to new receivers. If `trouble` is set, stops the first receiver that gets data and kills the second.
    /// Measures the other receivers.
    pub(super) fn round(&self, trouble: bool) -> Outcome<RoundTimes> {
        let (mut crowd, mut send) = self.begin(self.receivers)?;
        let mut begun = None;
        let mut first: Vec<String> = Vec::new();
        let mut saved: BTreeMap<String, Duration> = BTreeMap::new();
        while saved.len() < self.receivers - SIGNALS.len() {
            let event = send.event("send_state", |event| event["state"] == "sending" || event["state"] == "saved")?;
            let begun = *begun.get_or_insert_with(Instant::now);
            let peer = event["peer"].as_str().unwrap_or_default().to_owned();
            if first.contains(&peer) {
                continue;
            } else if let Some(signal) = SIGNALS.get(first.len()) {
                if trouble {
                    crowd.get(&peer).ok_or("an unknown receiver")?.signal(signal)?;
                }
                first.push(peer);
            } else if event["state"] == "saved" {
                saved.entry(peer).or_insert_with(|| begun.elapsed());
            }
        }
        let mut times: Vec<Duration> = saved.into_values().collect();
        times.sort_unstable();
        let peak = send.peak();
        drop(send);
        crowd.clear();
        (0..self.receivers).try_for_each(|n| std::fs::remove_dir_all(self.dir.path().join(self.name(n))))?;
        let (middle, last) = (times[(times.len() - 1) / 2], times[times.len() - 1]);
        Ok(RoundTimes { middle, last, peak })
    }

    /// Starts this many receivers. When all of them listen, starts the send.
    fn begin(&self, receivers: usize) -> Outcome<(BTreeMap<String, Process>, Process)> {
        let mut crowd = BTreeMap::new();
        for n in 0..receivers {
            let name = self.name(n);
            let args = [&["receive", "--yes", "--once", "--name", &name], &LOOPBACK[..]].concat();
            crowd.insert(name.clone(), self.start(&name, &args)?);
        }
        crowd.values_mut().try_for_each(|process| process.event("listening", |_| true).map(drop))?;
        let max_live = receivers.to_string();
        let to = crowd.keys().flat_map(|name| ["--to", name.as_str()]);
        let args = ["send", "--unverified", "--max-live", &max_live].into_iter().chain(LOOPBACK).chain(to);
        let send = self.start("distributor", &args.collect::<Vec<_>>())?;
        Ok((crowd, send))
    }

    fn start(&self, folder: &str, args: &[&str]) -> Outcome<Process> {
        Process::start(&self.binary, self.dir.path().join(folder), args, Stdio::inherit())
    }

    /// A receiver name that is unique on this loopback interface.
    fn name(&self, receiver: usize) -> String {
        format!("crowd-{}-{receiver}", std::process::id())
    }
}

fn number(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_default()
}
