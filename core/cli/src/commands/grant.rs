//! `fieldcast grant`: which devices a campaign allows to send and receive.

use std::collections::BTreeSet;
use std::path::Path;

use fieldcast::{
    CampaignKey, DeviceName, Fingerprint, Grant, Policy, Revocations, Role, SignedStatement, Statement,
    verify_statement,
};

use crate::app::App;
use crate::args::{GrantCommand, GrantPolicy, GrantRole, IssueArgs, RevokeArgs};
use crate::commands::datasets;
use crate::error::{Error, Result};
use crate::text::{now, safe, utc};
use crate::{events, prompt};

const DAY_MS: i64 = 24 * 3600 * 1000;

pub(crate) async fn run(app: &App, command: GrantCommand) -> Result {
    match command {
        GrantCommand::NewAuthority { key } => new_authority(app, &key),
        GrantCommand::Issue(args) => issue(app, args),
        GrantCommand::Revoke(args) => revoke(app, &args).await,
        GrantCommand::Trust { key, name, forget } => trust(app, &key, &name, forget).await,
        GrantCommand::Add { text, remove_data } => add(app, &text, remove_data).await,
        GrantCommand::Show { text: Some(text) } => {
            let signed = read(&text).await?;
            show(app, "statement", &verify_statement(&signed)?, &signed)
        }
        GrantCommand::Show { text: None } => show_own(app).await,
        GrantCommand::Policy { policy } => set_policy(app, policy).await,
    }
}

fn new_authority(app: &App, path: &Path) -> Result {
    let key = CampaignKey::create(path)?;
    let public = Fingerprint(key.public_key());
    app.out.event(|| events::authority("authority", &public.0, ""))?;
    app.out.line(format_args!(
        "The campaign's key is in {}. Keep the file in the office: everyone who has it can issue grants.\n\
         Run on each device: fieldcast grant trust {public} --name CAMPAIGN",
        path.display()
    ))
}

fn issue(app: &App, args: IssueArgs) -> Result {
    let key = CampaignKey::open(&args.authority)?;
    let grant = Grant {
        authority: key.public_key(),
        device: fingerprint(&args.device)?,
        user: DeviceName::new(&args.user),
        role: match args.role {
            GrantRole::Distributor => Some(Role::Distributor),
            GrantRole::Receiver => Some(Role::Receiver),
            GrantRole::Both => None,
        },
        tenant: args.tenant,
        project: args.project,
        boundaries: args.boundaries,
        expires: now() + i64::from(args.days) * DAY_MS,
    };
    issued(app, &key.grant(grant)?)
}

async fn revoke(app: &App, args: &RevokeArgs) -> Result {
    let key = CampaignKey::open(&args.authority)?;
    let before = match &args.before {
        Some(before) => match verify_statement(&read(before).await?)? {
            Statement::Revocations(list) if list.authority == key.public_key() => Some(list),
            _ => {
                return Err(Error::usage(
                    "--before does not hold a list of revoked devices of this campaign: give the newest one",
                ));
            }
        },
        None => None,
    };
    let fingerprints = |texts: &[String]| texts.iter().map(|text| fingerprint(text)).collect::<Result<Vec<_>>>();
    let (number, devices) = next_list(before, &fingerprints(&args.pardon)?, &fingerprints(&args.devices)?)?;
    issued(app, &key.revoke(number, devices)?)
}

/// Number and devices of the list that replaces `before`.
fn next_list(
    before: Option<Revocations>,
    pardoned: &[Fingerprint],
    revoked: &[Fingerprint],
) -> Result<(u32, Vec<Fingerprint>)> {
    let (last, before) = before.map(|list| (list.number, list.devices)).unwrap_or_default();
    let last_number = || {
        Error::usage("this campaign has used all list numbers: create a new key with `fieldcast grant new-authority`")
    };
    let mut devices: BTreeSet<_> = before.into_iter().collect();
    for device in pardoned {
        if !devices.remove(device) || revoked.contains(device) {
            return Err(Error::Usage(format!(
                "cannot pardon {device}: it is not on the list, or the command names it twice; check the fingerprint"
            )));
        }
    }
    devices.extend(revoked);
    Ok((last.checked_add(1).ok_or_else(last_number)?, devices.into_iter().collect()))
}

/// Prints a new statement, for a file, a message or `grant add`.
fn issued(app: &App, signed: &SignedStatement) -> Result {
    let text = signed.to_text();
    app.out.event(|| match verify_statement(signed) {
        Ok(statement) => events::statement("issued", &statement, &text),
        Err(error) => events::error(&error.to_string(), 1),
    })?;
    app.out.line(&text)?;
    app.out.note("Run on the device, with this text: fieldcast grant add TEXT");
    Ok(())
}

async fn trust(app: &App, key: &str, name: &str, forget: bool) -> Result {
    let (key, engine) = (fingerprint(key)?.0, app.engine().await?);
    if forget {
        let was_trusted = engine.forget_campaign(key).await?;
        app.out.event(|| events::authority("campaign_forgotten", &key, name))?;
        return app.out.line(if was_trusted {
            "This device no longer trusts the campaign and its grants."
        } else {
            "This device did not trust this campaign."
        });
    }
    engine.trust_campaign(key, name).await?;
    app.out.event(|| events::authority("campaign", &key, name))?;
    app.out.line(format_args!("This device now trusts the grants of {}.", safe(name)))
}

async fn add(app: &App, text: &str, remove_data: bool) -> Result {
    let (signed, engine) = (read(text).await?, app.engine().await?);
    let statement = engine.keep_statement(signed.clone()).await?;
    show(app, "kept", &statement, &signed)?;
    if let Statement::Revocations(list) = &statement {
        datasets::offer_removal(app, &engine, &list.devices, remove_data).await?;
    }
    Ok(())
}

async fn show_own(app: &App) -> Result {
    let engine = app.engine().await?;
    let policy = engine.policy().await?;
    app.out.event(|| events::policy(policy))?;
    app.out.line(match policy {
        Policy::GrantRequired => "This device does not exchange data with devices without a grant.",
        Policy::Ask => "This device exchanges data with devices without a grant if the users on both sides agree.",
    })?;
    for campaign in engine.campaigns().await? {
        app.out.event(|| events::authority("campaign", &campaign.key, &campaign.name))?;
        app.out.line(format_args!("Trusted: {} [{}]", safe(&campaign.name), Fingerprint(campaign.key).short()))?;
        if let Some(list) = campaign.revocations.and_then(|text| SignedStatement::from_text(&text).ok()) {
            show(app, "statement", &verify_statement(&list)?, &list)?;
        }
    }
    for signed in engine.held_grants().await? {
        show(app, "statement", &verify_statement(&signed)?, &signed)?;
    }
    Ok(())
}

async fn set_policy(app: &App, policy: GrantPolicy) -> Result {
    let policy = match policy {
        GrantPolicy::Ask => Policy::Ask,
        GrantPolicy::GrantRequired => Policy::GrantRequired,
    };
    let engine = app.engine().await?;
    if policy == Policy::GrantRequired && engine.campaigns().await?.is_empty() {
        return Err(Error::usage(
            "this device trusts no campaign, so no device could have a grant: run `fieldcast grant trust KEY` first",
        ));
    }
    engine.set_policy(policy).await?;
    app.out.event(|| events::policy(policy))?;
    app.out.line("Policy saved.")
}

fn show(app: &App, event: &str, statement: &Statement, signed: &SignedStatement) -> Result {
    app.out.event(|| events::statement(event, statement, &signed.to_text()))?;
    let campaign = Fingerprint(*statement.authority()).short();
    match statement {
        Statement::Grant(grant) => {
            let where_to = match grant.boundaries.as_slice() {
                [] => "all boundaries".to_owned(),
                some => some.iter().map(|code| safe(code)).collect::<Vec<_>>().join(", "),
            };
            let project = match &grant.project {
                Some(project) => format!("project {}", safe(project)),
                None => "all projects".to_owned(),
            };
            let expired = if grant.expires <= now() { " (expired)" } else { "" };
            app.out.line(format_args!(
                "Granted by [{campaign}] to {} [{}] as {}: {where_to} of {project} of {}, until {} UTC{expired}",
                grant.user,
                grant.device.short(),
                events::role(grant.role),
                safe(&grant.tenant),
                utc(grant.expires)
            ))
        }
        Statement::Revocations(list) => {
            let devices: Vec<_> = list.devices.iter().map(Fingerprint::short).collect();
            app.out.line(format_args!("Revoked by [{campaign}] (list {}): {}", list.number, devices.join(", ")))
        }
    }
}

async fn read(text: &str) -> Result<SignedStatement> {
    let text = if text == "-" { prompt::stdin_line().await? } else { text.to_owned() };
    Ok(SignedStatement::from_text(&text)?)
}

fn fingerprint(text: &str) -> Result<Fingerprint> {
    text.trim().parse().map_err(|_| {
        Error::Usage(format!(
            "`{}` is not a fingerprint of 64 hexadecimal digits: `fieldcast status` shows it",
            safe(text)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extends_the_previous_revocation_list() {
        let [a, b, c] = [1, 2, 3].map(|byte| Fingerprint([byte; 32]));
        let list = |number, devices: &[Fingerprint]| {
            Some(Revocations { authority: [9; 32], number, devices: devices.to_vec() })
        };
        assert_eq!(next_list(None, &[], &[a]).unwrap(), (1, vec![a]));
        assert_eq!(next_list(list(1, &[a]), &[], &[b, a]).unwrap(), (2, vec![a, b]));
        assert_eq!(next_list(list(2, &[a, b]), &[a], &[c]).unwrap(), (3, vec![b, c]));
        assert!(next_list(list(2, &[a]), &[b], &[]).is_err(), "the device is not revoked");
        assert!(next_list(list(2, &[a]), &[a], &[a]).is_err(), "pardoned and revoked at once");
        assert!(next_list(list(u32::MAX, &[a]), &[], &[b]).is_err(), "list numbers do not wrap");
    }
}
