//! `fieldcast invite`

use std::io::{self, IsTerminal};

use fieldcast::{Group, Invite, InviteError, QrMatrix, qr};

use crate::app::App;
use crate::args::{InviteCommand, InviteTerms, ReadInviteArgs, ShowInviteArgs};
use crate::error::{Error, Result};
use crate::text::{now, safe, utc};
use crate::{events, prompt};

/// Light modules around a code, without which many readers do not find it.
const QUIET: usize = 4;

pub(crate) async fn run(app: &App, command: InviteCommand) -> Result {
    match command {
        InviteCommand::Show(args) => show(app, &args).await,
        InviteCommand::Read(args) => read(app, &args).await,
    }
}

async fn show(app: &App, args: &ShowInviteArgs) -> Result {
    let key = app.fingerprint().await?;
    let invite = Invite::new(group(&args.terms).await?, args.address, key, expires(&args.terms)).map_err(wrong)?;
    tell(app, &invite)?;
    app.out
        .line("Codes will be compared with whoever follows it: for an invite without that, `fieldcast send --invite`.")
}

fn wrong(error: InviteError) -> Error {
    Error::usage(error.to_string())
}

/// The group that is to be joined first, with its passphrase.
pub(super) async fn group(terms: &InviteTerms) -> Result<Option<Group>> {
    match &terms.group {
        Some(name) => Ok(Some(Group::new(name, &passphrase(terms).await?).map_err(wrong)?)),
        None => Ok(None),
    }
}

/// Until when an invite of now is good.
pub(super) fn expires(terms: &InviteTerms) -> i64 {
    now() + i64::from(terms.minutes) * 60_000
}

/// Shows an invite to follow.
pub(super) fn tell(app: &App, invite: &Invite) -> Result {
    let uri = invite.to_uri();
    app.out.event(|| events::invite(invite, Some(&uri), true))?;
    draw(&qr(&uri)?).iter().try_for_each(|line| app.out.line(line))?;
    app.out.line(&uri)?;
    app.out.line(format_args!("Good until {} UTC. Whoever sees it can follow it until then.", utc(invite.expires())))
}

/// The invite that was given, or stands on stdin.
pub(super) async fn given(uri: &str) -> Result<Invite> {
    let uri = if uri == "-" { prompt::stdin_line().await? } else { uri.to_owned() };
    Invite::parse(uri.trim(), now()).map_err(wrong)
}

async fn read(app: &App, args: &ReadInviteArgs) -> Result {
    let invite = given(&args.uri).await?;
    app.out.event(|| events::invite(&invite, None, args.reveal))?;
    if let Some(group) = invite.group() {
        app.out.line(format_args!("Group       {}", safe(group.name())))?;
        let passphrase = if args.reveal { group.passphrase() } else { "(hidden; --reveal shows it)" };
        app.out.line(format_args!("Passphrase  {passphrase}"))?;
    }
    app.out.line(format_args!("Address     {}", invite.addr()))?;
    app.out.line(format_args!("Device      {}", invite.key().short()))?;
    app.out.line(format_args!("Good until  {} UTC", utc(invite.expires())))
}

async fn passphrase(terms: &InviteTerms) -> Result<String> {
    match &terms.passphrase_env {
        Some(name) => {
            std::env::var(name).map_err(|_| Error::usage(format!("{name} is not set: put the passphrase there")))
        }
        None if io::stdin().is_terminal() => prompt::hidden("Passphrase of the group").await,
        None => prompt::stdin_line().await,
    }
}

/// Two rows of modules a line. The colours are set outright, black on white: right on dark and light terminals.
fn draw(code: &QrMatrix) -> Vec<String> {
    let side = code.width + 2 * QUIET;
    let dark =
        |x: usize, y: usize| x.checked_sub(QUIET).zip(y.checked_sub(QUIET)).is_some_and(|(x, y)| code.is_dark(x, y));
    let half = |x, y| match (dark(x, y), dark(x, y + 1)) {
        (true, true) => '\u{2588}',
        (true, false) => '\u{2580}',
        (false, true) => '\u{2584}',
        (false, false) => ' ',
    };
    let row = |y| format!("\u{1b}[38;5;16;48;5;231m{}\u{1b}[0m", (0..side).map(|x| half(x, y)).collect::<String>());
    (0..side).step_by(2).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_with_its_quiet_zone_and_finders() {
        let code = qr("fieldcast:1").unwrap();
        let lines = draw(&code);
        assert_eq!(lines.len(), (code.width + 2 * QUIET).div_ceil(2));
        let modules = |line: &String| line["\u{1b}[38;5;16;48;5;231m".len()..].replace("\u{1b}[0m", "");
        assert!(lines[..2].iter().all(|line| modules(line).chars().all(|c| c == ' ')), "{lines:?}");
        let third = modules(&lines[2]);
        assert!(third.starts_with("    \u{2588}\u{2580}\u{2580}\u{2580}\u{2580}\u{2580}\u{2588} "), "{third}");
        assert!(third.ends_with(" \u{2588}\u{2580}\u{2580}\u{2580}\u{2580}\u{2580}\u{2588}    "), "{third}");
    }
}
