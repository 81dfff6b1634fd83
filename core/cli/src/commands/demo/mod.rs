//! `fieldcast demo`: a complete transfer on one computer, with a comparison of all databases after each send.

mod proof;
mod receiver;
mod round;
mod script;
mod server;

use std::path::Path;

use fieldcast::{Engine, Settings};
use tempfile::TempDir;

use self::round::{Roles, SendRound};
use self::script::{DemoOutcome, DemoScript, Update};
use self::server::DemoServer;
use crate::app::App;
use crate::args::DemoArgs;
use crate::error::{Error, Result};
use crate::offers::OfferTotals;
use crate::text::{bytes, count, counted};

/// The demo uses only this computer.
const LOOPBACK: &str = "127.0.0.1";
const VILLAGES: u32 = 8;

pub(crate) async fn run(app: &App, args: &DemoArgs) -> Result {
    let dir = tempfile::Builder::new().prefix("fieldcast-demo-").tempdir().map_err(no_folder)?;
    let outcome = play(app, args, dir.path()).await;
    if args.keep {
        let kept = dir.keep();
        app.out.line(format_args!(
            "\nKept in {}: one folder per device. Use --data-dir to look at one.",
            kept.display()
        ))?;
    } else {
        remove(app, dir);
    }
    outcome
}

async fn play(app: &App, args: &DemoArgs, dir: &Path) -> Result {
    let mut script = DemoScript::begin(app)?;
    let settings = Settings { device_name: Some("distributor".to_owned()), ..Settings::new(dir.join("distributor")) };
    let roles = Roles { app, distributor: Engine::open(settings).await?, receivers: args.receivers, dir };
    let mut server = DemoServer::new(args);
    let first = first_day(args, &mut server, &roles, &mut script).await?;
    let update = if first.is_done() { Some(next_day(&mut server, &roles, &mut script).await?) } else { None };
    conclude(&script, &DemoOutcome { first, update })
}

/// All receivers start empty and get all data.
async fn first_day(
    args: &DemoArgs,
    server: &mut DemoServer,
    roles: &Roles<'_>,
    script: &mut DemoScript,
) -> Result<SendRound> {
    server.switch_on().await?;
    let households = count(args.households);
    script.step("server", &format!("A campaign server started: {households} households in {VILLAGES} villages"))?;
    let villages = server.fill(roles.app, &roles.distributor).await?.done.len();
    let held = roles.distributor.datasets().await?;
    let sum = |of: fn(&fieldcast::SnapshotSummary) -> u64| held.iter().map(|status| of(&status.summary)).sum();
    script.step(
        "downsync",
        &format!(
            "{} downloaded: {}, {}",
            counted(villages as u64, "village", "villages"),
            counted(sum(|summary| summary.households), "household", "households"),
            counted(sum(|summary| summary.records), "record", "records"),
        ),
    )?;
    server.switch_off().await;
    script.step("offline", "The server switched off: no internet from now on")?;

    let receivers = roles.start().await?;
    let (many, one) = (counted(receivers.len() as u64, "receiver started", "receivers started"), receivers.len() == 1);
    let empty = if one { "a process with an empty database" } else { "processes with empty databases" };
    script.step("receivers", &format!("{many}: {empty}"))?;
    let session = roles.offer(&receivers).await?;
    let offer = session.offer().clone();
    let (json, packed) = (bytes(OfferTotals::of(&offer).json_bytes), bytes(offer.bytes));
    script.step("prepared", &format!("{json} of data compressed once for all receivers: {packed}"))?;
    roles.find(&session, &receivers).await?;
    script.step("found", &format!("{} on the network", if one { "Receiver found" } else { "All receivers found" }))?;
    let sent = roles.send(session, &receivers).await?;
    script.step("sent", "Sent to all at the same time; each accepted, checked and saved")?;
    let round = roles.prove(offer, sent, receivers).await?;
    script.proof("proof", &round, "match")?;
    Ok(round)
}

/// The campaign's data has changed. All receivers already have most of it.
async fn next_day(server: &mut DemoServer, roles: &Roles<'_>, script: &mut DemoScript) -> Result<Update> {
    script.chapter("A day later:")?;
    server.wait_a_day();
    server.switch_on().await?;
    script.step("moved_on", "The server is back; its data has changed")?;
    let report = server.fill(roles.app, &roles.distributor).await?;
    server.switch_off().await;
    let changed = report.done.iter().map(|(_, progress)| progress.changed).sum();
    let records = counted(changed, "new or changed record", "new or changed records");
    script.step("downsync_again", &format!("Downloaded again: {records}; offline again"))?;

    let receivers = roles.start().await?;
    let again =
        if receivers.len() == 1 { "The same receiver, with its data" } else { "The same receivers, with their data" };
    let session = roles.offer(&receivers).await?;
    let offer = session.offer().clone();
    roles.find(&session, &receivers).await?;
    script.step("receivers_again", &format!("{again}, found again"))?;
    let sent = roles.send(session, &receivers).await?;
    script.step("update", "Sent again: only the changes")?;
    let round = roles.prove(offer, sent, receivers).await?;
    script.proof("proof_again", &round, "match again")?;
    Ok(Update { changed, round })
}

fn conclude(script: &DemoScript, outcome: &DemoOutcome) -> Result {
    script.end(outcome)?;
    let last = outcome.last();
    match (last.saved() == last.theirs.len(), last.is_equal()) {
        (true, true) => Ok(()),
        (true, false) => {
            Err(Error::Unexpected("the databases differ: report this to the developers, with the seed".to_owned()))
        }
        (false, _) if outcome.first.saved() > 0 => Err(Error::Partial),
        _ => Err(Error::Nothing),
    }
}

fn no_folder(_: std::io::Error) -> Error {
    fieldcast::Error::from(fieldcast::StoreError::NotWritable { path: std::env::temp_dir() }).into()
}

fn remove(app: &App, dir: TempDir) {
    let path = dir.path().to_owned();
    if let Err(error) = dir.close() {
        app.out.note(format_args!("{} could not be removed ({error}): delete it yourself", path.display()));
    }
}
