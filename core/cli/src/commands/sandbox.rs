//! `fieldcast sandbox`

use fieldcast_sandbox::{Sandbox, SandboxConfig};

use crate::app::App;
use crate::args::SandboxArgs;
use crate::error::{Error, Result};
use crate::events;
use crate::text::{count, counted};

pub(crate) async fn run(app: &App, args: &SandboxArgs) -> Result {
    let config = SandboxConfig {
        listen: args.listen,
        households: args.households,
        boundaries: args.boundaries,
        seed: args.seed,
        accepted_status: args.accepted,
        pregen: args.pregen,
        ..SandboxConfig::default()
    };
    let (tenant, users) = (config.tenant.clone(), config.users.clone());
    let sandbox = Sandbox::start(config).await?;
    let shown = show(app, args, &sandbox.url(), &tenant, &users);
    if shown.is_ok() {
        app.stop.wanted().await;
        app.out.note("Stopping.");
    }
    sandbox.stop().await;
    shown.and(Err(Error::Interrupted))
}

fn show(app: &App, args: &SandboxArgs, url: &str, tenant: &str, users: &[fieldcast_sandbox::SandboxUser]) -> Result {
    let Some(user) = users.first() else { return Ok(()) };
    let (name, password) = (&user.username, &user.password);
    app.out.event(|| events::sandbox(url, tenant, name, password))?;
    let villages = counted(args.boundaries.into(), "village", "villages");
    app.out
        .line(format_args!("A campaign server with {} made-up households in {villages}:", count(args.households)))?;
    app.out.line(format_args!("  {url}   tenant {tenant}, user {name}, password {password}"))?;
    app.out.line("Log in from another terminal:")?;
    app.out.line(format_args!(
        "  FIELDCAST_PASSWORD={password} fieldcast login --server {url} --tenant {tenant} --user {name}"
    ))?;
    app.out.line("Stop with Ctrl-C.")
}
