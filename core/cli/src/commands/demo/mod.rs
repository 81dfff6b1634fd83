//! `fieldcast demo`: the main job on one machine, told as a story, with proof at the end.

mod proof;
mod receiver;
mod story;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use fieldcast::{Dataset, Engine, Fingerprint, NetworkError, OfferSession, Settings, choose_interface};
use fieldcast_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

use self::proof::Contents;
use self::receiver::Receiver;
use self::story::{Outcome, Story};
use crate::app::App;
use crate::args::DemoArgs;
use crate::commands::downsync::{self, View};
use crate::commands::send::pick::Picker;
use crate::commands::send::watch::Watch;
use crate::error::{Error, Result};
use crate::text::{bytes, count, counted};

/// Everything happens on this machine.
const LOOPBACK: &str = "127.0.0.1";
const VILLAGES: u32 = 8;
const DOWNLOADED: usize = 3;
/// How long mDNS may take to find everybody.
const FIND_LIMIT: Duration = Duration::from_secs(30);

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
    let mut story = Story::begin(app)?;
    let settings = Settings { device_name: Some("distributor".to_owned()), ..Settings::new(dir.join("distributor")) };
    let distributor = Engine::open(settings).await?;
    download(app, args, &distributor, &mut story).await?;

    let receivers = start(args, dir, distributor.fingerprint()).await?;
    let (many, one) = (counted(receivers.len() as u64, "receiver started", "receivers started"), receivers.len() == 1);
    let own = if one { "its own process, an empty database" } else { "own processes, empty databases" };
    story.step("receivers", &format!("{many}: {own}"))?;

    let datasets: Vec<Dataset> =
        distributor.datasets().await?.into_iter().map(|status| status.summary.dataset).collect();
    let interface = choose_interface(Some(LOOPBACK))?;
    let mut exchange = distributor.exchange_settings();
    exchange.max_live = receivers.len().max(1);
    let session = distributor.offer(datasets, interface, exchange).await?;
    let offer = session.offer().clone();
    let json_bytes = offer.snapshots.iter().map(|summary| summary.json_bytes).sum();
    story.step(
        "prepared",
        &format!("{} of JSON packed, once for all receivers: {}", bytes(json_bytes), bytes(offer.bytes)),
    )?;
    find(&session, &receivers).await?;
    story.step("found", &format!("{} found by mDNS", if one { "It was" } else { "All were" }))?;

    let picked = receivers.iter().map(|receiver| receiver.fingerprint).collect();
    let mut watch = Watch::new(app, &session);
    watch.drive(&session, Picker::Chosen(picked)).await?;
    let (sent, _) = watch.finish(Vec::new());
    session.stop().await;
    story.step("sent", "Sent to all at once; each accepted, checked and saved")?;

    let (own, theirs) = prove(&distributor, receivers).await?;
    let equal = theirs.iter().all(|(_, contents)| *contents == own);
    let verdict = if equal { "are equal" } else { "DIFFER" };
    story.step("proof", &format!("All {} databases, read record by record, {verdict}", theirs.len() + 1))?;
    conclude(story, &Outcome { offer, sent, own, theirs })
}

/// A server, a login, a download, and no more server.
async fn download(app: &App, args: &DemoArgs, distributor: &Engine, story: &mut Story) -> Result {
    let config = SandboxConfig {
        seed: args.seed,
        households: args.households,
        boundaries: VILLAGES,
        ..SandboxConfig::default()
    };
    let (tenant, users) = (config.tenant.clone(), config.users.clone());
    let sandbox = Sandbox::start(config).await?;
    let households = count(args.households);
    story.step("server", &format!("A campaign server started: {households} households in {VILLAGES} villages"))?;

    let missing = || Error::Unexpected("the sandbox has neither user nor project; please report this".to_owned());
    let user = users.first().ok_or_else(missing)?;
    distributor.login(&sandbox.url(), &tenant, &user.username, &user.password).await?;
    let projects = distributor.projects().await?;
    let project = projects.into_iter().next().ok_or_else(missing)?;
    let tree = distributor.boundaries(&project).await?;
    let leaves: Vec<_> = tree.leaves().take(DOWNLOADED).collect();
    let codes: Vec<_> = leaves.iter().map(|leaf| leaf.code.clone()).collect();
    let report = downsync::download(distributor, project, &codes, View::new(app.out, &leaves)).await?;
    if let Some((_, error)) = report.failed.first() {
        return Err(Error::Unexpected(format!("the download failed: {error}")));
    }
    let held = distributor.datasets().await?;
    let sum = |of: fn(&fieldcast::SnapshotSummary) -> u64| held.iter().map(|status| of(&status.summary)).sum();
    story.step(
        "downsync",
        &format!(
            "{} downloaded: {}, {}",
            counted(leaves.len() as u64, "village", "villages"),
            counted(sum(|summary| summary.households), "household", "households"),
            counted(sum(|summary| summary.records), "record", "records"),
        ),
    )?;
    sandbox.stop().await;
    story.step("offline", "The server switched off: no internet from here on")
}

async fn start(args: &DemoArgs, dir: &Path, distributor: Fingerprint) -> Result<Vec<Receiver>> {
    let mut starting = Vec::new();
    for number in 1..=args.receivers {
        let name = format!("receiver-{number}");
        starting.push(Receiver::spawn(&dir.join(&name), name, &distributor)?);
    }
    let mut receivers = Vec::new();
    for one in starting {
        receivers.push(one.listening().await?);
    }
    Ok(receivers)
}

/// Waits until the session has found all of them.
async fn find(session: &OfferSession, receivers: &[Receiver]) -> Result {
    let mut events = session.subscribe();
    let all_found = async {
        loop {
            let found: BTreeSet<_> = session.peers().into_iter().map(|(peer, _)| peer.fingerprint).collect();
            if receivers.iter().all(|receiver| found.contains(&receiver.fingerprint)) || events.next().await.is_none() {
                return;
            }
        }
    };
    tokio::time::timeout(FIND_LIMIT, all_found).await.map_err(|_| {
        let reason = format!("not all receivers were heard on {LOOPBACK} within {} s", FIND_LIMIT.as_secs());
        Error::from(NetworkError::Discovery { reason })
    })
}

/// Waits until the receivers have ended and reads what everybody has.
async fn prove(distributor: &Engine, receivers: Vec<Receiver>) -> Result<(Contents, Vec<(String, Contents)>)> {
    let own = Contents::read(distributor).await?;
    let mut theirs = Vec::new();
    for receiver in receivers {
        let (name, dir) = receiver.ended().await?;
        let engine = Engine::open(Settings::new(dir)).await?;
        theirs.push((name, Contents::read(&engine).await?));
    }
    Ok((own, theirs))
}

fn conclude(story: Story, outcome: &Outcome) -> Result {
    let saved = outcome.sent.iter().filter(|one| one.is_saved()).count();
    story.end(outcome, saved)?;
    match (saved == outcome.theirs.len(), outcome.is_equal()) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::Unexpected("the databases differ; please report this with the seed".to_owned())),
        (false, _) if saved > 0 => Err(Error::Partly),
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
