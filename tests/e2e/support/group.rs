//! A Wi-Fi Direct group in network namespaces, made by tests/lab/group.sh.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Output};

use super::Process;

/// A group owner and clients on one shared medium. Dropping it removes the namespaces.
pub(crate) struct Group {
    prefix: String,
}

impl Group {
    /// Why this machine cannot run a group. `None` if it can.
    pub(crate) fn obstacle() -> Option<String> {
        let output = script(&["can"]);
        (!output.status.success()).then(|| stderr(&output))
    }

    /// Creates a group whose stations share `rate_kbit` kbit/s.
    pub(crate) fn up(name: &str, clients: u32, rate_kbit: u32) -> Self {
        let group = Self { prefix: format!("fc{}{name}", std::process::id()) };
        let output = script(&["up", &group.prefix, &clients.to_string(), &rate_kbit.to_string()]);
        assert!(output.status.success(), "{}", stderr(&output));
        group
    }

    /// Ends the group by removing all its addresses.
    pub(crate) fn disband(&self) {
        let output = script(&["disband", &self.prefix]);
        assert!(output.status.success(), "{}", stderr(&output));
    }

    /// Forms the group again in the subnet 192.168.`third`.0/24.
    pub(crate) fn form(&self, third: u8) {
        let output = script(&["form", &self.prefix, &third.to_string()]);
        assert!(output.status.success(), "{}", stderr(&output));
    }

    /// The namespace of the group owner, 192.168.49.1.
    pub(crate) fn owner(&self) -> String {
        format!("{}-go", self.prefix)
    }

    /// The namespace of the medium, which holds no station.
    pub(crate) fn medium(&self) -> String {
        format!("{}-medium", self.prefix)
    }

    /// The namespace of a client. `number` starts at 1.
    pub(crate) fn client(&self, number: u32) -> String {
        format!("{}-c{number}", self.prefix)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        script(&["down", &self.prefix]);
    }
}

/// Counts the bytes that a station sends.
pub(crate) struct Counter(File);

impl Counter {
    /// The counter of the station in whose namespace `process` runs. It also works after the process has ended.
    pub(crate) fn of(process: &Process) -> Self {
        // An open file stays bound to the process's namespace at this time.
        Self(File::open(format!("/proc/{}/net/dev", process.pid())).expect("a running process"))
    }

    /// Bytes sent so far, including headers.
    pub(crate) fn sent(&mut self) -> u64 {
        let mut text = String::new();
        self.0.rewind().and_then(|()| self.0.read_to_string(&mut text)).expect("the kernel's counters");
        let counts = text.lines().find_map(|line| line.trim().strip_prefix("p2p0:")).expect("a station");
        // The first eight counts are for received data.
        counts.split_whitespace().nth(8).and_then(|sent| sent.parse().ok()).expect("a count")
    }
}

fn script(args: &[&str]) -> Output {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/lab/group.sh");
    Command::new("bash").arg(path).args(args).output().expect("bash")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
