//! A Wi-Fi Direct group in network namespaces, by tests/lab/group.sh.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Output};

use super::Process;

/// A group owner and clients on one shared medium. Dropping it takes it down.
pub(crate) struct Group {
    prefix: String,
}

impl Group {
    /// Why there can be none on this machine, if so.
    pub(crate) fn obstacle() -> Option<String> {
        let output = script(&["can"]);
        (!output.status.success()).then(|| said(&output))
    }

    /// Brings one up whose stations share so many kbit/s.
    pub(crate) fn up(name: &str, clients: u32, rate_kbit: u32) -> Self {
        let group = Self { prefix: format!("fc{}{name}", std::process::id()) };
        let output = script(&["up", &group.prefix, &clients.to_string(), &rate_kbit.to_string()]);
        assert!(output.status.success(), "{}", said(&output));
        group
    }

    /// Ends the group: all its addresses go.
    pub(crate) fn disband(&self) {
        let output = script(&["disband", &self.prefix]);
        assert!(output.status.success(), "{}", said(&output));
    }

    /// Forms it anew in the subnet 192.168.`third`.0/24.
    pub(crate) fn form(&self, third: u8) {
        let output = script(&["form", &self.prefix, &third.to_string()]);
        assert!(output.status.success(), "{}", said(&output));
    }

    /// The namespace of the group owner, 192.168.49.1.
    pub(crate) fn owner(&self) -> String {
        format!("{}-go", self.prefix)
    }

    /// The namespace of the medium, where no station is.
    pub(crate) fn air(&self) -> String {
        format!("{}-air", self.prefix)
    }

    /// The namespace of a client, from 1.
    pub(crate) fn client(&self, number: u32) -> String {
        format!("{}-c{number}", self.prefix)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        script(&["down", &self.prefix]);
    }
}

/// Counts what a station puts on the medium.
pub(crate) struct Counter(File);

impl Counter {
    /// Of the station in whose namespace a process runs; it goes on counting when that process is gone.
    pub(crate) fn of(process: &Process) -> Self {
        // The namespace is that of the process at this moment.
        Self(File::open(format!("/proc/{}/net/dev", process.pid())).expect("it runs"))
    }

    /// Bytes so far, headers included.
    pub(crate) fn sent(&mut self) -> u64 {
        let mut text = String::new();
        self.0.rewind().and_then(|()| self.0.read_to_string(&mut text)).expect("the kernel tells");
        let counts = text.lines().find_map(|line| line.trim().strip_prefix("p2p0:")).expect("a station");
        // Eight counts of what was received come first.
        counts.split_whitespace().nth(8).and_then(|sent| sent.parse().ok()).expect("a count")
    }
}

fn script(args: &[&str]) -> Output {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/lab/group.sh");
    Command::new("bash").arg(path).args(args).output().expect("bash")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
