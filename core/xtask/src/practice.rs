//! `cargo xtask practice-bundle`: makes the village data with which two phones rehearse a transfer without a server.

use std::fs;
use std::path::Path;
use std::process::{ExitCode, Stdio};

use fieldcast_sandbox::{Sandbox, SandboxConfig};

use crate::process::{Ended, Process};
use crate::{Outcome, binary};

/// Downloads a small campaign from a sandbox and exports it to a bundle file, as a distributor does.
pub(crate) fn run(out: &Path) -> Outcome {
    let binary = binary::build(false)?;
    let dir = tempfile::tempdir()?;
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder)?;
    }
    let out = out.to_str().ok_or("the path is not valid UTF-8")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let config = SandboxConfig { seed: 7, households: 60, boundaries: 3, ..SandboxConfig::default() };
    let (tenant, user) = (config.tenant.clone(), config.users[0].username.clone());
    let sandbox = runtime.block_on(Sandbox::start(config))?;
    let fieldcast = |args: &[&str]| -> Outcome<Ended> {
        Process::start(&binary, dir.path().to_path_buf(), args, Stdio::inherit())?.finish()
    };
    let login = fieldcast(&["login", "--server", &sandbox.url(), "--tenant", &tenant, "--user", &user])?;
    let project = login.events("login").find_map(|event| event["projects"][0]["id"].as_str());
    let project = project.ok_or("the sandbox has no project")?;
    fieldcast(&["downsync", "--project", project, "--all"])?;
    fieldcast(&["export", "--force", out])?;
    runtime.block_on(sandbox.stop());
    println!("{out}: {} bytes", fs::metadata(out)?.len());
    Ok(ExitCode::SUCCESS)
}
