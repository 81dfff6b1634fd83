//! `fieldcast invite`

use std::io::{self, IsTerminal};

use fieldcast::{Group, Invite, InviteError, qr};

use crate::app::App;
use crate::args::{InviteCommand, InviteTerms, ReadInviteArgs, ShowInviteArgs};
use crate::commands::qr_code::draw;
use crate::error::{Error, Result};
use crate::text::{now, safe, utc};
use crate::{events, prompt};

pub(crate) async fn run(app: &App, command: InviteCommand) -> Result {
    match command {
        InviteCommand::Show(args) => show(app, &args).await,
        InviteCommand::Read(args) => read(app, &args).await,
    }
}

async fn show(app: &App, args: &ShowInviteArgs) -> Result {
    let key = app.fingerprint().await?;
    let invite = Invite::new(group(&args.terms).await?, args.address, key, expires(&args.terms)).map_err(wrong)?;
    show_invite(app, &invite)?;
    app.out.line("Users of this invite must compare codes. For an invite without codes, run `fieldcast send --invite`.")
}

fn wrong(error: InviteError) -> Error {
    Error::usage(error.to_string())
}

/// The group that the other device joins first, with its passphrase.
pub(super) async fn group(terms: &InviteTerms) -> Result<Option<Group>> {
    match &terms.group {
        Some(name) => Ok(Some(Group::new(name, &passphrase(terms).await?).map_err(wrong)?)),
        None => Ok(None),
    }
}

/// The expiry time of an invite that is created now, in milliseconds since 1970.
pub(super) fn expires(terms: &InviteTerms) -> i64 {
    now() + i64::from(terms.minutes) * 60_000
}

/// Shows an invite as a QR code and as text.
pub(super) fn show_invite(app: &App, invite: &Invite) -> Result {
    let uri = invite.to_uri();
    app.out.event(|| events::invite(invite, Some(&uri), true))?;
    draw(&qr(&uri)?).iter().try_for_each(|line| app.out.line(line))?;
    app.out.line(&uri)?;
    app.out.line(format_args!(
        "Valid until {} UTC. Until then, everyone who sees this code can use it.",
        utc(invite.expires())
    ))
}

/// Parses the invite from the argument, or from stdin if the argument is `-`.
pub(super) async fn parse(uri: &str) -> Result<Invite> {
    let uri = if uri == "-" { prompt::stdin_line().await? } else { uri.to_owned() };
    Invite::parse(uri.trim(), now()).map_err(wrong)
}

async fn read(app: &App, args: &ReadInviteArgs) -> Result {
    let invite = parse(&args.uri).await?;
    app.out.event(|| events::invite(&invite, None, args.reveal))?;
    if let Some(group) = invite.group() {
        app.out.line(format_args!("Group       {}", safe(group.name())))?;
        let passphrase = if args.reveal { group.passphrase() } else { "(hidden; --reveal shows it)" };
        app.out.line(format_args!("Passphrase  {passphrase}"))?;
    }
    app.out.line(format_args!("Address     {}", invite.addr()))?;
    app.out.line(format_args!("Device      {}", invite.key().short()))?;
    app.out.line(format_args!("Valid until {} UTC", utc(invite.expires())))
}

async fn passphrase(terms: &InviteTerms) -> Result<String> {
    match &terms.passphrase_env {
        Some(name) => std::env::var(name)
            .map_err(|_| Error::usage(format!("the environment variable {name} is not set: set it to the passphrase"))),
        None if io::stdin().is_terminal() => prompt::hidden("Passphrase of the group").await,
        None => prompt::stdin_line().await,
    }
}
