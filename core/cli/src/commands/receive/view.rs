//! What a receiver's person sees.

use std::collections::BTreeMap;

use fieldcast::{Fingerprint, Offer, Question, Reason, ReceiveProgress, ReceiveState, Received};

use crate::bars::{Bars, Share};
use crate::error::Result;
use crate::events;
use crate::output::Output;
use crate::text::{bytes, compared, counted, listed, safe};

/// There is one exchange at a time, so one bar.
const BAR: &str = "exchange";

pub(super) struct View {
    out: Output,
    bars: Bars,
    /// Names of those who asked.
    names: BTreeMap<Fingerprint, String>,
}

impl View {
    pub(super) fn new(out: Output) -> Self {
        Self { out, bars: Bars::new(out), names: BTreeMap::new() }
    }

    pub(super) fn clear(&mut self) {
        self.bars.clear();
    }

    pub(super) fn asked(&mut self, question: &Question) -> Result {
        let sender = &question.sender;
        self.names.insert(sender.fingerprint, sender.name.to_string());
        let (records, households) = totals(&question.offer);
        self.out.event(|| events::asked(question, households, records))?;
        let boundaries = question.offer.snapshots.iter().filter(|summary| summary.dataset.boundary.is_some());
        let names = listed(boundaries.map(|summary| summary.boundary_name.as_str()));
        let project = question.offer.snapshots.first().map(|summary| safe(&summary.project_name)).unwrap_or_default();
        self.out.line(format_args!("{} [{}] offers {}: {}", sender.name, sender.fingerprint.short(), project, names))
    }

    /// The question, for a person to answer.
    pub(super) fn ask(&self, question: &Question) {
        let (records, households) = totals(&question.offer);
        let boundaries = question.offer.snapshots.iter().filter(|summary| summary.dataset.boundary.is_some()).count();
        self.out.prompt(format_args!(
            "Receive {} ({}, {}, {}) from {} [{}]? [y/N] ",
            counted(households, "household", "households"),
            counted(boundaries as u64, "boundary", "boundaries"),
            counted(records, "record", "records"),
            bytes(question.offer.bytes),
            question.sender.name,
            question.sender.fingerprint.short(),
        ));
    }

    pub(super) fn changed(&mut self, state: &ReceiveState) -> Result {
        let (word, progress) = match state {
            ReceiveState::Waiting => ("waiting", ReceiveProgress::default()),
            ReceiveState::Asking => ("asking", ReceiveProgress::default()),
            ReceiveState::Receiving(progress) => ("receiving", *progress),
            ReceiveState::Applying(progress) => ("applying", *progress),
        };
        self.out.event(|| events::receive_state(word, progress))?;
        let share = Share { done: progress.staged, total: progress.total };
        match state {
            ReceiveState::Waiting | ReceiveState::Asking => {}
            ReceiveState::Receiving(_) => {
                let text = format!("{} of {}", bytes(progress.staged), bytes(progress.total));
                self.bars.show(BAR, "receiving", Some(share), &text);
            }
            ReceiveState::Applying(_) => self.bars.show(BAR, "writing", Some(share), "everything is here"),
        }
        Ok(())
    }

    pub(super) fn saved(&mut self, received: &Received) -> Result {
        self.bars.clear();
        let (records, households) = totals(&received.offer);
        let sender = self.name(&received.sender);
        self.out.event(|| events::saved(received, &sender, records, households))?;
        let compared = compared(&received.standings);
        self.out.line(format_args!(
            "Saved from {sender}: {}, {}, {} on the wire; digests: {compared}.",
            counted(households, "household", "households"),
            counted(records, "record", "records"),
            bytes(received.progress.wire),
        ))
    }

    /// `was_open`: a person was being asked.
    pub(super) fn ended(&mut self, sender: &Fingerprint, reason: &Reason, was_open: bool) -> Result {
        self.bars.clear();
        let name = self.name(sender);
        self.out.event(|| events::ended(&name, sender, &reason.to_string()))?;
        if was_open {
            self.out.line("")?; // the prompt has no end of line yet
        }
        self.out.line(match reason {
            Reason::Declined => format!("Declined what {name} offers."),
            Reason::Lost => format!("{name} was lost; what has arrived is kept for when it calls again."),
            _ => format!("Not received from {name}: {}.", safe(&reason.to_string())),
        })
    }

    fn name(&self, sender: &Fingerprint) -> String {
        self.names.get(sender).cloned().unwrap_or_else(|| sender.short())
    }
}

/// Records and households of an offer.
fn totals(offer: &Offer) -> (u64, u64) {
    let sum = |of: fn(&fieldcast::SnapshotSummary) -> u64| offer.snapshots.iter().map(of).sum();
    (sum(|summary| summary.records), sum(|summary| summary.households))
}
