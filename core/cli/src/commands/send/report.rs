//! The summary of a send.

use fieldcast::{Fingerprint, SendState};
use serde_json::{Value, json};

use super::watch::{Offered, Sent, reason, word};
use crate::app::App;
use crate::error::{Error, Result};
use crate::events;
use crate::text::{Table, bytes, compared, count, duration, safe};

const NOT_FOUND: &str = "not found";

/// Prints the result of each receiver.
pub(super) fn show(app: &App, sent: &[Sent], offered: Offered) -> Result {
    app.out.event(|| summary(sent))?;
    let mut table = Table::new(&["receiver", "state", ">records", ">sent", ">time", "result"]);
    sent.iter().for_each(|one| table.row(row(one, offered)));
    if sent.is_empty() {
        return Ok(());
    }
    app.out.line("")?;
    table.lines().iter().try_for_each(|line| app.out.line(line))
}

/// `Ok` if all receivers saved.
pub(super) fn verdict(app: &App, sent: &[Sent]) -> Result {
    match (saved(sent), sent.len()) {
        (_, 0) => {
            app.out.line(
                "No receiver found. Connect all phones to the same Wi-Fi, start `fieldcast receive`, then try again.",
            )?;
            Err(Error::Nothing)
        }
        (saved, picked) if saved == picked => Ok(()),
        (0, _) => Err(Error::Nothing),
        _ => Err(Error::Partial),
    }
}

fn saved(sent: &[Sent]) -> usize {
    sent.iter().filter(|one| one.is_saved()).count()
}

fn row(one: &Sent, offered: Offered) -> Vec<String> {
    let why = if let Some(SendState::Saved(sent)) = &one.state {
        compared(&sent.comparisons)
    } else {
        safe(&why_not(one).unwrap_or("not saved".to_owned()))
    };
    vec![
        one.name.clone(),
        state(one).to_owned(),
        if one.is_saved() { count(offered.records) } else { "-".to_owned() },
        if one.progress.wire > 0 { bytes(one.progress.wire) } else { "-".to_owned() },
        if one.fingerprint.is_some() { duration(one.took) } else { "-".to_owned() },
        why,
    ]
}

fn why_not(one: &Sent) -> Option<String> {
    if one.fingerprint.is_none() { Some(NOT_FOUND.to_owned()) } else { one.state.as_ref().and_then(reason) }
}

fn state(one: &Sent) -> &'static str {
    one.state.as_ref().map_or("failed", word)
}

/// The comparison of a receiver's data with the sent data. `None` if the receiver has not saved.
fn comparison(one: &Sent) -> Option<&'static str> {
    match &one.state {
        Some(SendState::Saved(sent)) => Some(events::comparison(&sent.comparisons)),
        _ => None,
    }
}

fn summary(sent: &[Sent]) -> Value {
    let receiver = |one: &Sent| {
        json!({"peer": one.name, "fingerprint": one.fingerprint.as_ref().map(Fingerprint::to_string),
            "state": state(one), "reason": why_not(one), "comparison": comparison(one), "wire": one.progress.wire,
            "seconds": one.took.as_secs_f64()})
    };
    let receivers: Vec<_> = sent.iter().map(receiver).collect();
    json!({"event": "send_summary", "picked": sent.len(), "saved": saved(sent), "receivers": receivers})
}
