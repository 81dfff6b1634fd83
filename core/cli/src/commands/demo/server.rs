//! The demo's campaign server, and the distributor's login and download.

use fieldcast::{DownsyncReport, Engine};
use fieldcast_sandbox::{Sandbox, SandboxConfig, SandboxUser};

use super::VILLAGES;
use crate::app::App;
use crate::args::DemoArgs;
use crate::commands::downsync::{self, DownsyncView};
use crate::error::{Error, Result};

const DOWNLOADED: usize = 3;
/// Records per thousand that change in a day.
const CHANGE: u32 = 10;

/// A server that the demo switches on and off. The campaign's data also changes while it is off.
pub(super) struct DemoServer {
    config: SandboxConfig,
    days: u32,
    running: Option<Sandbox>,
}

impl DemoServer {
    pub(super) fn new(args: &DemoArgs) -> Self {
        let (seed, households) = (args.seed, args.households);
        let config = SandboxConfig { seed, households, boundaries: VILLAGES, ..SandboxConfig::default() };
        Self { config, days: 0, running: None }
    }

    pub(super) async fn switch_on(&mut self) -> Result {
        let sandbox = Sandbox::start(self.config.clone()).await?;
        for _ in 0..self.days {
            sandbox.advance(CHANGE)?;
        }
        self.config.listen = sandbox.address();
        self.running = Some(sandbox);
        Ok(())
    }

    pub(super) async fn switch_off(&mut self) {
        if let Some(sandbox) = self.running.take() {
            sandbox.stop().await;
        }
    }

    /// Simulates a day of changes.
    pub(super) fn wait_a_day(&mut self) {
        self.days += 1;
    }

    /// Logs the distributor in and downloads the villages.
    pub(super) async fn fill(&self, app: &App, distributor: &Engine) -> Result<DownsyncReport> {
        let missing =
            || Error::Unexpected("the demo server has no user or no project: report this to the developers".to_owned());
        let SandboxUser { username, password } = self.config.users.first().ok_or_else(missing)?;
        let url = format!("http://{}", self.config.listen);
        distributor.login(&url, &self.config.tenant, username, password).await?;
        let projects = distributor.projects().await?;
        let project = projects.into_iter().next().ok_or_else(missing)?;
        let tree = distributor.boundaries(&project).await?;
        let leaves: Vec<_> = tree.leaves().take(DOWNLOADED).collect();
        let codes: Vec<_> = leaves.iter().map(|leaf| leaf.code.clone()).collect();
        let report = downsync::download(distributor, project, &codes, DownsyncView::new(app.out, &leaves)).await?;
        match report.failed.first() {
            Some((_, error)) => Err(Error::Unexpected(format!("the demo's download failed: {error}"))),
            None => Ok(report),
        }
    }
}
