//! Who may come in.

use std::collections::BTreeSet;

use fieldcast::{Fingerprint, Sender};

use crate::args::ReceiveArgs;
use crate::names::is_device;

/// What the flags say about questions.
#[derive(Debug)]
pub(super) struct Door {
    answer: Verdict,
    from: Option<String>,
    /// Who was let as far as the question. Whoever knocks and runs away ends nothing.
    guests: BTreeSet<Fingerprint>,
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

impl Door {
    pub(super) fn new(args: &ReceiveArgs, person: bool) -> Self {
        let answer = match (args.yes, args.no, person) {
            (true, ..) => Verdict::Accept,
            (_, true, _) => Verdict::Decline,
            (.., true) => Verdict::AskPerson,
            _ => Verdict::Leave,
        };
        Self { answer, from: args.from.clone(), guests: BTreeSet::new() }
    }

    pub(super) fn asks_person(&self) -> bool {
        self.answer == Verdict::AskPerson
    }

    pub(super) fn opens(&mut self, sender: &Sender) -> Verdict {
        match &self.from {
            Some(from) if !is_device(from, &sender.fingerprint, &sender.name) => Verdict::Decline,
            _ => {
                self.welcome(sender);
                self.answer
            }
        }
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

    fn door(flags: &str, person: bool) -> Door {
        let words = ["fieldcast", "receive"].into_iter().chain(flags.split_whitespace());
        match Cli::try_parse_from(words).unwrap().command {
            Command::Receive(args) => Door::new(&args, person),
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
    fn with_from_all_others_are_strangers() {
        let mut door = door("--yes --from asha", false);
        assert_eq!(door.opens(&sender(1, "Asha")), Verdict::Accept);
        assert_eq!(door.opens(&sender(2, "Bela")), Verdict::Decline);
        assert!(door.is_guest(&Fingerprint([1; 32])));
        assert!(!door.is_guest(&Fingerprint([2; 32])), "declined for not being Asha");
        assert!(!door.is_guest(&Fingerprint([3; 32])), "never came as far as the question");
    }
}
