//! Who may come in.

use std::collections::BTreeSet;

use fieldcast::{DialTarget, DiscoveredDistributor, Fingerprint, Sender};

use crate::args::ReceiveArgs;
use crate::names::is_device;

/// What the flags say about questions.
#[derive(Debug)]
pub(super) struct AcceptPolicy {
    answer: Verdict,
    from: From,
    /// The named one that was heard, and called.
    heard: Option<Fingerprint>,
    /// Who was let as far as the question. Whoever knocks and runs away ends nothing.
    guests: BTreeSet<Fingerprint>,
}

/// Whose offers are looked at.
#[derive(Debug)]
enum From {
    Anybody,
    /// By name or fingerprint.
    Named(String),
    /// Whoever answers the call, once that is known.
    Called(Option<Fingerprint>),
}

/// What to do about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    Decline,
    AskPerson,
    /// Nobody is there to answer; the distributor waits until its time is over.
    Leave,
}

impl AcceptPolicy {
    /// `calls`: a distributor is called whose address was given.
    pub(super) fn new(args: &ReceiveArgs, person: bool, calls: bool) -> Self {
        let answer = match (args.yes, args.no, person) {
            (true, ..) => Verdict::Accept,
            (_, true, _) => Verdict::Decline,
            (.., true) => Verdict::AskPerson,
            _ => Verdict::Leave,
        };
        let from = match &args.from {
            _ if calls => From::Called(None),
            Some(from) => From::Named(from.clone()),
            None => From::Anybody,
        };
        Self { answer, from, heard: None, guests: BTreeSet::new() }
    }

    /// The distributor that was called has answered.
    pub(super) fn answered(&mut self, distributor: Fingerprint) {
        if let From::Called(who) = &mut self.from {
            *who = Some(distributor);
        }
    }

    /// The call to a distributor that is heard, if it is the one named. A name means the first one heard that has it; who is
    /// called already is followed where it goes.
    pub(super) fn calls(&mut self, distributor: &DiscoveredDistributor) -> Option<DialTarget> {
        let DiscoveredDistributor { fingerprint, name, addr } = distributor;
        let From::Named(from) = &self.from else { return None };
        if self.heard.is_some() || !is_device(from, fingerprint, name) {
            return None;
        }
        self.heard = Some(*fingerprint);
        Some(DialTarget { addr: *addr, expected: Some(*fingerprint), token: None })
    }

    /// A distributor is heard no more: another of its name may be called.
    pub(super) fn forget(&mut self, distributor: &Fingerprint) {
        self.heard.take_if(|heard| heard == distributor);
    }

    pub(super) fn asks_person(&self) -> bool {
        self.answer == Verdict::AskPerson
    }

    pub(super) fn opens(&mut self, sender: &Sender) -> Verdict {
        let is_welcome = match &self.from {
            From::Anybody => true,
            From::Named(from) => is_device(from, &sender.fingerprint, &sender.name),
            From::Called(who) => *who == Some(sender.fingerprint),
        };
        if !is_welcome {
            return Verdict::Decline;
        }
        self.welcome(sender);
        self.answer
    }

    /// Notes somebody who is let in without a question.
    pub(super) fn welcome(&mut self, sender: &Sender) {
        self.guests.insert(sender.fingerprint);
    }

    /// Whether it was let as far as the question, and was not declined for not being the one named.
    pub(super) fn is_guest(&self, sender: &Fingerprint) -> bool {
        self.guests.contains(sender)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use fieldcast::DeviceName;

    use super::*;
    use crate::args::{Cli, Command};

    fn door(flags: &str, person: bool) -> AcceptPolicy {
        let words = ["fieldcast", "receive"].into_iter().chain(flags.split_whitespace());
        match Cli::try_parse_from(words).unwrap().command {
            Command::Receive(args) => AcceptPolicy::new(&args, person, args.invite.is_some()),
            other => panic!("{other:?}"),
        }
    }

    fn sender(byte: u8, name: &str) -> Sender {
        Sender { fingerprint: Fingerprint([byte; 32]), name: DeviceName::new(name) }
    }

    #[test]
    fn flags_answer_before_people() {
        let asha = sender(1, "Asha");
        assert_eq!(door("--yes", true).opens(&asha), Verdict::Accept);
        assert_eq!(door("--no", true).opens(&asha), Verdict::Decline);
        assert_eq!(door("", true).opens(&asha), Verdict::AskPerson);
        assert_eq!(door("", false).opens(&asha), Verdict::Leave);
    }

    #[test]
    fn who_calls_takes_from_whom_it_has_called_alone() {
        let mut door = door("--yes --invite x", false);
        assert_eq!(door.opens(&sender(1, "Asha")), Verdict::Decline, "nobody has answered yet");
        door.answered(Fingerprint([1; 32]));
        assert_eq!(door.opens(&sender(1, "Asha")), Verdict::Accept);
        assert_eq!(door.opens(&sender(2, "Asha")), Verdict::Decline);
    }

    #[test]
    fn the_first_heard_of_that_name_is_called_until_it_is_heard_no_more() {
        let heard = |byte, name: &str| {
            let (fingerprint, name) = (Fingerprint([byte; 32]), DeviceName::new(name));
            DiscoveredDistributor { fingerprint, name, addr: ([192, 168, 49, 1], 7000).into() }
        };
        let mut door = door("--yes --from asha", false);
        assert_eq!(door.calls(&heard(9, "Bela")), None);
        assert_eq!(door.calls(&heard(1, "Asha")).unwrap().expected, Some(Fingerprint([1; 32])));
        assert_eq!(door.calls(&heard(2, "Asha")), None, "somebody else of that name takes no call away");
        door.forget(&Fingerprint([2; 32]));
        assert_eq!(door.calls(&heard(2, "Asha")), None);
        door.forget(&Fingerprint([1; 32]));
        assert!(door.calls(&heard(2, "Asha")).is_some());
    }

    #[test]
    fn with_from_all_others_are_strangers() {
        let mut door = door("--yes --from asha", false);
        assert_eq!(door.opens(&sender(1, "Asha")), Verdict::Accept);
        assert_eq!(door.opens(&sender(2, "Bela")), Verdict::Decline);
        assert!(door.is_guest(&Fingerprint([1; 32])));
        assert!(!door.is_guest(&Fingerprint([2; 32])), "declined for not being Asha");
        assert!(!door.is_guest(&Fingerprint([3; 32])), "never came as far as the question");
    }
}
