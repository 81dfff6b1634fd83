//! `fieldcast send`

mod compare;
mod pace;
pub(super) mod pick;
mod report;
mod typed;
pub(super) mod watch;

use std::time::Duration;

use fieldcast::{Dataset, DatasetStatus, Engine, ExchangeSettings, OfferSession, Trust, choose_interface};

use self::pick::Picker;
use self::watch::Watch;
use crate::app::App;
use crate::args::SendArgs;
use crate::commands::invite;
use crate::error::{Error, Result};
use crate::events;
use crate::names::find_boundaries;
use crate::offers::{Totals, contents};
use crate::text::{bytes, counted};

pub(crate) async fn run(app: &App, args: &SendArgs) -> Result {
    let is_told = !args.to.is_empty() || !args.at.is_empty() || args.yes;
    if !is_told && !app.out.is_interactive() {
        return Err(Error::usage(
            "say whom to send to: --to NAME_OR_FINGERPRINT, --at IP:PORT, or --yes for everybody who is found",
        ));
    }
    if args.terms.group.is_some() && !args.invite {
        return Err(Error::usage("a group is named for an invite: add --invite"));
    }
    let interface = choose_interface(args.interface.as_deref())?;
    let engine = app.engine().await?;
    let datasets = choose(&engine.datasets().await?, &args.boundaries)?;
    let settings = settings(args, engine.exchange_settings());
    let group = invite::group(&args.terms).await?;
    let network = format!("{} ({})", interface.name, interface.addr);
    app.out.note("Preparing what is to be sent...");
    let session = tokio::select! {
        session = engine.offer(datasets, interface, settings) => session?,
        () = app.stop.wanted() => return Err(Error::Interrupted),
    };
    tell_offer(app, &engine, &session, &network)?;
    if args.invite {
        invite::tell(app, &session.invite(group, invite::expires(&args.terms))?)?;
    }
    let wait = Duration::from_secs(args.wait);
    let mut watch = Watch::new(app, &session).looking_at(&session, &args.at);
    let driven = match Picker::new(args, wait) {
        Some(picker) => watch.drive(&session, picker).await,
        None => match pick::ask(app, &session).await {
            Ok(picked) => watch.drive(&session, Picker::Chosen(picked)).await,
            Err(error) => Err(error),
        },
    };
    session.stop().await;
    watch.drain().await?;
    let (missing, ended) = match driven {
        Ok(missing) => (missing, Ok(())),
        Err(Error::Interrupted) => (Vec::new(), Err(Error::Interrupted)),
        Err(error) => return Err(error),
    };
    let (sent, offered) = watch.finish(missing);
    report::tell(app, &sent, offered)?;
    ended.and_then(|()| report::verdict(app, &sent))
}

fn settings(args: &SendArgs, usual: ExchangeSettings) -> ExchangeSettings {
    let mut settings = usual;
    settings.trust = trust(args);
    settings.wanted.add(args.to.iter().filter_map(|to| to.parse().ok()));
    settings.max_live = args.max_live.into();
    settings.resume_for = Duration::from_secs(args.resume_for);
    (settings.port, settings.mdns) = (args.port, !args.no_mdns);
    settings.roaming.any = args.interface.is_none();
    if let Some(seconds) = args.ask_for {
        settings.limits.asking = Duration::from_secs(seconds);
    }
    settings
}

/// Whoever was given by its whole fingerprint is known; all others are compared, unless nobody is to be.
fn trust(args: &SendArgs) -> Trust {
    match args.yes || args.unverified {
        true => Trust::Everybody,
        false => Trust::Compare(args.to.iter().filter_map(|to| to.parse().ok()).collect()),
    }
}

/// The datasets to hand on: those of the boundaries named, or all that are complete; each with its project's own.
pub(super) fn choose(held: &[DatasetStatus], named: &[String]) -> Result<Vec<Dataset>> {
    let complete = || held.iter().map(|status| &status.summary).filter(|summary| summary.as_of.0 > 0);
    let leaves: Vec<_> = complete().filter(|summary| summary.dataset.boundary.is_some()).collect();
    let mut chosen: Vec<Dataset> = if named.is_empty() {
        leaves.iter().map(|summary| summary.dataset.clone()).collect()
    } else {
        let known: Vec<_> = leaves
            .iter()
            .map(|summary| (summary.dataset.boundary.as_deref().unwrap_or_default(), summary.boundary_name.as_str()))
            .collect();
        let found = find_boundaries(&known, named, "is complete on this device: see `fieldcast status`")?;
        found.into_iter().filter_map(|index| leaves.get(index)).map(|summary| summary.dataset.clone()).collect()
    };
    if chosen.is_empty() {
        return Err(fieldcast::Error::NothingToSend.into());
    }
    let goes_along = |whole: &&Dataset| {
        whole.boundary.is_none()
            && chosen.iter().any(|leaf| (&leaf.tenant, &leaf.project) == (&whole.tenant, &whole.project))
    };
    let along: Vec<_> = complete().map(|summary| &summary.dataset).filter(goes_along).cloned().collect();
    chosen.extend(along);
    Ok(chosen)
}

fn tell_offer(app: &App, engine: &Engine, session: &OfferSession, network: &str) -> Result {
    let offer = session.offer();
    app.out.event(|| events::offer(offer))?;
    let Totals { households, records, json_bytes, .. } = Totals::of(offer);
    app.out.line(format_args!(
        "Offering {}\n  {}, {}, {} as JSON, at most {} on the wire",
        contents(&offer.snapshots),
        counted(households, "household", "households"),
        counted(records, "record", "records"),
        bytes(json_bytes),
        bytes(offer.bytes),
    ))?;
    let name = format_args!("{} [{}] on {network}", engine.name(), engine.fingerprint().short());
    match session.addr() {
        Some(addr) => app.out.note(format_args!("  as {name}; receivers may call in: `receive --from {addr}`")),
        None => app.out.note(format_args!("  as {name}")),
    }
    app.out.event(|| events::listening(session.addr(), engine))
}
