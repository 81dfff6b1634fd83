//! The receiver's screen.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fieldcast::{
    DialState, DiscoveredDistributor, EndReason, Fingerprint, NetworkChange, Question, ReceiveProgress, ReceiveState,
    Received, Sas, Sender, SharedKey,
};

use crate::bars::{Bars, Share};
use crate::error::Result;
use crate::events;
use crate::offers::{OfferTotals, contents, passed_on};
use crate::output::Output;
use crate::text::{MATCHES, bytes, compared, counted, network, safe, shared_key};

/// Key of the progress bar. A receiver has one exchange at a time, so one bar.
const BAR: &str = "exchange";

pub(super) struct ReceiveView {
    out: Output,
    bars: Bars,
    /// Names of the senders.
    names: BTreeMap<Fingerprint, String>,
    /// The last line about the connection to the distributor.
    last_dial: Option<String>,
}

impl ReceiveView {
    pub(super) fn new(out: Output) -> Self {
        Self { out, bars: Bars::new(out), names: BTreeMap::new(), last_dial: None }
    }

    pub(super) fn clear(&mut self) {
        self.bars.clear();
    }

    pub(super) fn asked(&mut self, question: &Question) -> Result {
        let sender = &question.sender;
        self.names.insert(sender.fingerprint, sender.name.to_string());
        self.out.event(|| events::asked(question))?;
        let contents = contents(&question.offer.snapshots);
        self.out.line(format_args!("{} [{}] offers {contents}", sender.name, sender.fingerprint.short()))?;
        passed_on(sender, &question.sources).map_or(Ok(()), |line| self.out.line(line))
    }

    /// An accepted offer continues after an interruption.
    pub(super) fn resumed(&mut self, sender: &Sender, code: Sas) -> Result {
        self.names.insert(sender.fingerprint, sender.name.to_string());
        self.out.event(|| events::resumed(sender, code))?;
        self.out.line(format_args!(
            "Continuing the accepted transfer from {} [{}]. If its screen asks for a code: {code}",
            sender.name,
            sender.fingerprint.short()
        ))
    }

    /// Asks the user.
    pub(super) fn ask(&self, question: &Question) {
        let OfferTotals { households, records, boundaries, .. } = OfferTotals::of(&question.offer);
        let code = question.code;
        let choice = match question.is_known {
            false => {
                self.out.note(format_args!(
                    "The distributor's screen must show the code {code}. y: same code, receive; d: other code; n: no"
                ));
                "[y/d/N]"
            }
            true => {
                self.out
                    .note(format_args!("This device trusts the distributor. If its screen asks for a code: {code}"));
                "[y/N]"
            }
        };
        self.out.prompt(format_args!(
            "Receive {} ({}, {}, {}) from {} [{}]? {choice} ",
            counted(households, "household", "households"),
            counted(boundaries, "village", "villages"),
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
            ReceiveState::Applying(_) => self.bars.show(BAR, "saving", Some(share), "all data received"),
        }
        Ok(())
    }

    pub(super) fn saved(&mut self, received: &Received) -> Result {
        self.bars.clear();
        let OfferTotals { households, records, .. } = OfferTotals::of(&received.offer);
        let sender = self.name(&received.sender);
        self.out.event(|| events::saved(received, &sender))?;
        let outcome = match compared(&received.comparisons).as_str() {
            MATCHES => "the data matches".to_owned(),
            ahead => format!("this device {ahead}"),
        };
        self.out.line(format_args!(
            "Saved from {sender}: {}, {}, {} received; {outcome}.",
            counted(households, "household", "households"),
            counted(records, "record", "records"),
            bytes(received.progress.wire),
        ))
    }

    pub(super) fn shared_key(&mut self, devices: &SharedKey) -> Result {
        self.bars.note(shared_key(devices));
        self.out.event(|| events::shared_key(devices))
    }

    /// Shows the state of the connection to a distributor. Repeated attempts get one line only.
    pub(super) fn dial(&mut self, addr: SocketAddr, state: &DialState) -> Result {
        self.out.event(|| events::dial(addr, state))?;
        let word = match state {
            DialState::Connecting | DialState::GaveUp(_) => return Ok(()),
            DialState::Connected(distributor) => {
                format!("Connected to {addr} [{}]. Its user can now choose this device.", distributor.short())
            }
            DialState::Retrying(reason) => format!("{addr}: {}. Trying again.", safe(&reason.to_string())),
        };
        if self.last_dial.as_ref() != Some(&word) {
            self.bars.note(&word);
            self.last_dial = Some(word);
        }
        Ok(())
    }

    /// Shows a distributor that announces itself.
    pub(super) fn discovered(&mut self, distributor: &DiscoveredDistributor) -> Result {
        self.out.event(|| events::distributor_found(distributor))?;
        let DiscoveredDistributor { fingerprint, name, addr } = distributor;
        self.bars.note(format_args!("Found {name} [{}] at {addr}.", fingerprint.short()));
        Ok(())
    }

    pub(super) fn network(&mut self, change: &NetworkChange) -> Result {
        self.bars.note(network(change));
        self.out.event(|| events::network(change))
    }

    /// `was_open`: the screen still showed the question.
    pub(super) fn ended(&mut self, sender: &Fingerprint, reason: &EndReason, was_open: bool) -> Result {
        self.bars.clear();
        let name = self.name(sender);
        self.out.event(|| events::ended(&name, sender, &reason.to_string()))?;
        if was_open {
            self.out.line("")?; // ends the line of the prompt
        }
        self.out.line(match reason {
            EndReason::CodesDiffer => format!("Not received from {name}: {reason}."),
            EndReason::Declined => format!("Declined the offer of {name}."),
            EndReason::Lost => format!(
                "The connection to {name} is lost. Received data is kept. The transfer continues when {name} is back."
            ),
            _ => format!("Not received from {name}: {}.", safe(&reason.to_string())),
        })
    }

    fn name(&self, sender: &Fingerprint) -> String {
        self.names.get(sender).cloned().unwrap_or_else(|| sender.short())
    }
}
