//! A sandbox server in this process, and its data.

use fieldcast_sandbox::{Fault, FaultKind, Moment, Sandbox, SandboxConfig, When};
use tokio::runtime::Runtime;

use super::{Device, Holdings};

pub(crate) const USER: &str = "distributor";
pub(crate) const PASSWORD: &str = "fieldcast";

/// A configuration with this number of households and villages.
pub(crate) fn config(households: u64, boundaries: u32) -> SandboxConfig {
    SandboxConfig { seed: 11, households, boundaries, ..SandboxConfig::default() }
}

/// A DIGIT server on a free port of this machine. It stops when dropped.
pub(crate) struct Server {
    pub(crate) sandbox: Sandbox,
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn start(config: SandboxConfig) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("a free port");
        Self { sandbox, _runtime: runtime }
    }

    pub(crate) fn moment(&self) -> Moment {
        self.sandbox.campaign().moment()
    }

    /// The project that the tests use.
    pub(crate) fn project(&self) -> String {
        self.moment().projects()[0].id.clone()
    }

    /// The codes of all villages.
    pub(crate) fn villages(&self) -> Vec<String> {
        self.moment().leaves().iter().map(|leaf| leaf.code.clone()).collect()
    }

    /// Adds a permanent fault to every downsync request that `when` selects.
    pub(crate) fn always(&self, when: When, kind: FaultKind) {
        self.sandbox.add_faults(vec![Fault { when, kind, times: u32::MAX }]);
    }

    /// Logs a device in.
    pub(crate) fn log_in(&self, device: &Device) {
        device.run(&["login", "--server", &self.sandbox.url(), "--tenant", "mz", "--user", USER]).expect(0);
    }

    /// The arguments of a downsync of these villages.
    pub(crate) fn downsync(&self, villages: &[String]) -> Vec<String> {
        let command = ["downsync".to_owned(), "--project".to_owned(), self.project()];
        command.into_iter().chain(villages.iter().cloned()).collect()
    }

    /// Logs a device in and downloads these villages to it.
    pub(crate) fn fill(&self, device: &Device, villages: &[String]) {
        self.log_in(device);
        let command = self.downsync(villages);
        device.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
    }

    /// The data of a device that has completely downloaded these villages.
    pub(crate) fn truth(&self, villages: &[String]) -> Holdings {
        Holdings::truth(&self.moment(), &self.project(), villages)
    }
}
