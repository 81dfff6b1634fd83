//! `fieldcast send`

mod compare;
pub(super) mod pick;
mod rate;
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
use crate::offers::{OfferTotals, contents};
use crate::text::{bytes, counted};

pub(crate) async fn run(app: &App, args: &SendArgs) -> Result {
    let has_receivers = !args.to.is_empty() || !args.at.is_empty() || args.yes;
    if !has_receivers && !app.out.is_interactive() {
        return Err(Error::usage(
            "choose the receivers: --to NAME_OR_FINGERPRINT, --at IP:PORT, or --yes for all receivers found",
        ));
    }
    if args.terms.group.is_some() && !args.invite {
        return Err(Error::usage("--group works only with --invite: add --invite"));
    }
    let interface = choose_interface(args.interface.as_deref())?;
    let engine = app.engine().await?;
    let datasets = choose(&engine.datasets().await?, &args.boundaries)?;
    let settings = settings(args, engine.exchange_settings());
    let group = invite::group(&args.terms).await?;
    let network = format!("{} ({})", interface.name, interface.addr);
    app.out.note("Preparing the village data...");
    let session = tokio::select! {
        session = engine.offer(datasets, interface, settings) => session?,
        () = app.stop.wanted() => return Err(Error::Interrupted),
    };
    show_offer(app, &engine, &session, &network)?;
    if args.invite {
        invite::show_invite(app, &session.invite(group, invite::expires(&args.terms))?)?;
    }
    let wait = Duration::from_secs(args.wait);
    let mut watch = Watch::new(app, &session).searching_at(&session, &args.at);
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
    report::show(app, &sent, offered)?;
    ended.and_then(|()| report::verdict(app, &sent))
}

fn settings(args: &SendArgs, usual: ExchangeSettings) -> ExchangeSettings {
    let mut settings = usual;
    settings.trust = trust(args);
    settings.wanted.add(args.to.iter().filter_map(|to| to.parse().ok()));
    settings.max_live = args.max_live.into();
    settings.resume_for = Duration::from_secs(args.resume_for);
    (settings.port, settings.mdns) = (args.port, !args.no_mdns);
    settings.interface_monitor.any = args.interface.is_none();
    if let Some(seconds) = args.ask_for {
        settings.limits.asking = Duration::from_secs(seconds);
    }
    settings
}

/// Trusts receivers given by whole fingerprint. The user compares codes with all others, except with `--yes` or
/// `--unverified`.
fn trust(args: &SendArgs) -> Trust {
    match args.yes || args.unverified {
        true => Trust::AcceptAll,
        false => Trust::Compare(args.to.iter().filter_map(|to| to.parse().ok()).collect()),
    }
}

/// The datasets to send: those of the named boundaries, or all complete ones, and each project's project-wide data.
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
        let found =
            find_boundaries(&known, named, "is complete on this device: run `fieldcast status` to see the list")?;
        found.into_iter().filter_map(|index| leaves.get(index)).map(|summary| summary.dataset.clone()).collect()
    };
    if chosen.is_empty() {
        return Err(fieldcast::Error::NothingToSend.into());
    }
    let is_project_wide = |whole: &&Dataset| {
        whole.boundary.is_none()
            && chosen.iter().any(|leaf| (&leaf.tenant, &leaf.project) == (&whole.tenant, &whole.project))
    };
    let project_wide: Vec<_> = complete().map(|summary| &summary.dataset).filter(is_project_wide).cloned().collect();
    chosen.extend(project_wide);
    Ok(chosen)
}

fn show_offer(app: &App, engine: &Engine, session: &OfferSession, network: &str) -> Result {
    let offer = session.offer();
    app.out.event(|| events::offer(offer))?;
    let OfferTotals { households, records, json_bytes, .. } = OfferTotals::of(offer);
    app.out.line(format_args!(
        "Offering {}\n  {}, {}, {} of data, at most {} to send",
        contents(&offer.snapshots),
        counted(households, "household", "households"),
        counted(records, "record", "records"),
        bytes(json_bytes),
        bytes(offer.bytes),
    ))?;
    let name = format_args!("{} [{}] on {network}", engine.name(), engine.fingerprint().short());
    match session.addr() {
        Some(addr) => {
            app.out.note(format_args!("  as {name}; receivers can connect with: fieldcast receive --from {addr}"))
        }
        None => app.out.note(format_args!("  as {name}")),
    }
    app.out.event(|| events::listening(session.addr(), engine))
}
