//! Which senders this device accepts.

use std::collections::BTreeSet;

use fieldcast::{DialTarget, DiscoveredDistributor, Fingerprint, Sender};

use crate::args::ReceiveArgs;
use crate::names::is_device;

/// The accept policy from the flags.
#[derive(Debug)]
pub(super) struct AcceptPolicy {
    answer: AcceptDecision,
    from: From,
    /// The named distributor that this device has found and dialed.
    dialed: Option<Fingerprint>,
    /// Senders whose offers passed the filter. A connection that ends earlier does not end the command.
    asked: BTreeSet<Fingerprint>,
}

/// The senders that pass the filter.
#[derive(Debug)]
enum From {
    Any,
    /// One sender, by name or fingerprint.
    Named(String),
    /// The distributor at the dialed address. `None` until it has connected.
    Dialed(Option<Fingerprint>),
}

/// What to do with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AcceptDecision {
    Accept,
    Decline,
    AskUser,
    /// No user is there to answer. The distributor waits until its time limit.
    Leave,
}

impl AcceptPolicy {
    /// `is_interactive`: a user can answer questions. `dials`: the arguments give a distributor's address.
    pub(super) fn new(args: &ReceiveArgs, is_interactive: bool, dials: bool) -> Self {
        let answer = match (args.yes, args.no, is_interactive) {
            (true, ..) => AcceptDecision::Accept,
            (_, true, _) => AcceptDecision::Decline,
            (.., true) => AcceptDecision::AskUser,
            _ => AcceptDecision::Leave,
        };
        let from = match &args.from {
            _ if dials => From::Dialed(None),
            Some(from) => From::Named(from.clone()),
            None => From::Any,
        };
        Self { answer, from, dialed: None, asked: BTreeSet::new() }
    }

    /// The dialed distributor has connected.
    pub(super) fn connected(&mut self, distributor: Fingerprint) {
        if let From::Dialed(expected) = &mut self.from {
            *expected = Some(distributor);
        }
    }

    /// The dial target for a discovered distributor, if it is the named one. A name means the first distributor found
    /// with it. The engine follows a dialed distributor to a new address.
    pub(super) fn target_for(&mut self, distributor: &DiscoveredDistributor) -> Option<DialTarget> {
        let DiscoveredDistributor { fingerprint, name, addr } = distributor;
        let From::Named(from) = &self.from else { return None };
        if self.dialed.is_some() || !is_device(from, fingerprint, name) {
            return None;
        }
        self.dialed = Some(*fingerprint);
        Some(DialTarget { addr: *addr, expected: Some(*fingerprint), token: None })
    }

    /// A distributor is no longer announced, so this device may dial another one with its name.
    pub(super) fn forget(&mut self, distributor: &Fingerprint) {
        self.dialed.take_if(|dialed| dialed == distributor);
    }

    pub(super) fn asks_user(&self) -> bool {
        self.answer == AcceptDecision::AskUser
    }

    /// Decides about an offer of `sender`.
    pub(super) fn decide(&mut self, sender: &Sender) -> AcceptDecision {
        let passes = match &self.from {
            From::Any => true,
            From::Named(from) => is_device(from, &sender.fingerprint, &sender.name),
            From::Dialed(expected) => *expected == Some(sender.fingerprint),
        };
        if !passes {
            return AcceptDecision::Decline;
        }
        self.note_asked(sender);
        self.answer
    }

    /// Notes a sender that has passed the filter, or that continues an accepted offer.
    pub(super) fn note_asked(&mut self, sender: &Sender) {
        self.asked.insert(sender.fingerprint);
    }

    /// Whether an offer of the sender has passed the filter.
    pub(super) fn has_asked(&self, sender: &Fingerprint) -> bool {
        self.asked.contains(sender)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use fieldcast::DeviceName;

    use super::*;
    use crate::args::{Cli, Command};

    fn policy(flags: &str, is_interactive: bool) -> AcceptPolicy {
        let words = ["fieldcast", "receive"].into_iter().chain(flags.split_whitespace());
        match Cli::try_parse_from(words).unwrap().command {
            Command::Receive(args) => AcceptPolicy::new(&args, is_interactive, args.invite.is_some()),
            other => panic!("{other:?}"),
        }
    }

    fn sender(byte: u8, name: &str) -> Sender {
        Sender { fingerprint: Fingerprint([byte; 32]), name: DeviceName::new(name) }
    }

    #[test]
    fn applies_flags_before_asking_the_user() {
        let asha = sender(1, "Asha");
        assert_eq!(policy("--yes", true).decide(&asha), AcceptDecision::Accept);
        assert_eq!(policy("--no", true).decide(&asha), AcceptDecision::Decline);
        assert_eq!(policy("", true).decide(&asha), AcceptDecision::AskUser);
        assert_eq!(policy("", false).decide(&asha), AcceptDecision::Leave);
    }

    #[test]
    fn accepts_only_the_dialed_distributor() {
        let mut policy = policy("--yes --invite x", false);
        assert_eq!(policy.decide(&sender(1, "Asha")), AcceptDecision::Decline, "no distributor has connected yet");
        policy.connected(Fingerprint([1; 32]));
        assert_eq!(policy.decide(&sender(1, "Asha")), AcceptDecision::Accept);
        assert_eq!(policy.decide(&sender(2, "Asha")), AcceptDecision::Decline);
    }

    #[test]
    fn dials_the_first_device_found_with_the_name() {
        let found = |byte, name: &str| {
            let (fingerprint, name) = (Fingerprint([byte; 32]), DeviceName::new(name));
            DiscoveredDistributor { fingerprint, name, addr: ([192, 168, 49, 1], 7000).into() }
        };
        let mut policy = policy("--yes --from asha", false);
        assert_eq!(policy.target_for(&found(9, "Bela")), None);
        assert_eq!(policy.target_for(&found(1, "Asha")).unwrap().expected, Some(Fingerprint([1; 32])));
        assert_eq!(policy.target_for(&found(2, "Asha")), None, "another device with the name does not replace it");
        policy.forget(&Fingerprint([2; 32]));
        assert_eq!(policy.target_for(&found(2, "Asha")), None);
        policy.forget(&Fingerprint([1; 32]));
        assert!(policy.target_for(&found(2, "Asha")).is_some());
    }

    #[test]
    fn declines_all_senders_but_the_named_one() {
        let mut policy = policy("--yes --from asha", false);
        assert_eq!(policy.decide(&sender(1, "Asha")), AcceptDecision::Accept);
        assert_eq!(policy.decide(&sender(2, "Bela")), AcceptDecision::Decline);
        assert!(policy.has_asked(&Fingerprint([1; 32])));
        assert!(!policy.has_asked(&Fingerprint([2; 32])), "declined for not being Asha");
        assert!(!policy.has_asked(&Fingerprint([3; 32])), "it never sent an offer");
    }
}
