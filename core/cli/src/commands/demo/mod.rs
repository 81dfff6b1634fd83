//! `fieldcast demo`: the main job on one machine, told as a story, with proof at the end of each day.

mod proof;
mod receiver;
mod round;
mod script;
mod server;

use std::path::Path;

use fieldcast::{Engine, Settings};
use tempfile::TempDir;

use self::round::{Roles, Round};
use self::script::{DemoScript, Outcome, Update};
use self::server::Server;
use crate::app::App;
use crate::args::DemoArgs;
use crate::error::{Error, Result};
use crate::offers::Totals;
use crate::text::{bytes, count, counted};

/// Everything happens on this machine.
const LOOPBACK: &str = "127.0.0.1";
const VILLAGES: u32 = 8;

pub(crate) async fn run(app: &App, args: &DemoArgs) -> Result {
    let dir = tempfile::Builder::new().prefix("fieldcast-demo-").tempdir().map_err(no_folder)?;
    let outcome = play(app, args, dir.path()).await;
    if args.keep {
        let kept = dir.keep();
        app.out.line(format_args!(
            "\nKept in {}: one folder a device, to be looked at with --data-dir.",
            kept.display()
        ))?;
    } else {
        forget(app, dir);
    }
    outcome
}

async fn play(app: &App, args: &DemoArgs, dir: &Path) -> Result {
    let mut story = DemoScript::begin(app)?;
    let settings = Settings { device_name: Some("distributor".to_owned()), ..Settings::new(dir.join("distributor")) };
    let cast = Roles { app, distributor: Engine::open(settings).await?, receivers: args.receivers, dir };
    let mut server = Server::new(args);
    let first = first_day(args, &mut server, &cast, &mut story).await?;
    let update = if first.is_done() { Some(next_day(&mut server, &cast, &mut story).await?) } else { None };
    conclude(&story, &Outcome { first, update })
}

/// Everybody begins with nothing and gets everything.
async fn first_day(args: &DemoArgs, server: &mut Server, cast: &Roles<'_>, story: &mut DemoScript) -> Result<Round> {
    server.switch_on().await?;
    let households = count(args.households);
    story.step("server", &format!("A campaign server started: {households} households in {VILLAGES} villages"))?;
    let villages = server.fill(cast.app, &cast.distributor).await?.done.len();
    let held = cast.distributor.datasets().await?;
    let sum = |of: fn(&fieldcast::SnapshotSummary) -> u64| held.iter().map(|status| of(&status.summary)).sum();
    story.step(
        "downsync",
        &format!(
            "{} downloaded: {}, {}",
            counted(villages as u64, "village", "villages"),
            counted(sum(|summary| summary.households), "household", "households"),
            counted(sum(|summary| summary.records), "record", "records"),
        ),
    )?;
    server.switch_off().await;
    story.step("offline", "The server switched off: no internet from here on")?;

    let receivers = cast.start().await?;
    let (many, one) = (counted(receivers.len() as u64, "receiver started", "receivers started"), receivers.len() == 1);
    let own = if one { "its own process, an empty database" } else { "own processes, empty databases" };
    story.step("receivers", &format!("{many}: {own}"))?;
    let session = cast.offer(&receivers).await?;
    let offer = session.offer().clone();
    let (json, packed) = (bytes(Totals::of(&offer).json_bytes), bytes(offer.bytes));
    story.step("prepared", &format!("{json} of JSON packed, once for all receivers: {packed}"))?;
    cast.find(&session, &receivers).await?;
    story.step("found", &format!("{} found by mDNS", if one { "It was" } else { "All were" }))?;
    let sent = cast.send(session, &receivers).await?;
    story.step("sent", "Sent to all at once; each accepted, checked and saved")?;
    let round = cast.prove(offer, sent, receivers).await?;
    story.proof("proof", &round, "are equal")?;
    Ok(round)
}

/// The campaign has gone on; everybody has most of it already.
async fn next_day(server: &mut Server, cast: &Roles<'_>, story: &mut DemoScript) -> Result<Update> {
    story.chapter("A day later:")?;
    server.wait_a_day();
    server.switch_on().await?;
    story.step("moved_on", "The server is back; its campaign has moved on")?;
    let report = server.fill(cast.app, &cast.distributor).await?;
    server.switch_off().await;
    let changed = report.done.iter().map(|(_, progress)| progress.changed).sum();
    let records = counted(changed, "record has changed or is new", "records have changed or are new");
    story.step("downsync_again", &format!("Downloaded again: {records}; offline again"))?;

    let receivers = cast.start().await?;
    let again = if receivers.len() == 1 {
        "The same receiver, with what it has"
    } else {
        "The same receivers, with what they have"
    };
    let session = cast.offer(&receivers).await?;
    let offer = session.offer().clone();
    cast.find(&session, &receivers).await?;
    story.step("receivers_again", &format!("{again}, found again"))?;
    let sent = cast.send(session, &receivers).await?;
    story.step("update", "Sent again: only what has changed")?;
    let round = cast.prove(offer, sent, receivers).await?;
    story.proof("proof_again", &round, "are equal again")?;
    Ok(Update { changed, round })
}

fn conclude(story: &DemoScript, outcome: &Outcome) -> Result {
    story.end(outcome)?;
    let last = outcome.last();
    match (last.saved() == last.theirs.len(), last.is_equal()) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::Unexpected("the databases differ; please report this with the seed".to_owned())),
        (false, _) if outcome.first.saved() > 0 => Err(Error::Partial),
        _ => Err(Error::Nothing),
    }
}

fn no_folder(_: std::io::Error) -> Error {
    fieldcast::Error::from(fieldcast::StoreError::NotWritable { path: std::env::temp_dir() }).into()
}

fn forget(app: &App, dir: TempDir) {
    let path = dir.path().to_owned();
    if let Err(error) = dir.close() {
        app.out.note(format_args!("{} could not be removed: {error}", path.display()));
    }
}
