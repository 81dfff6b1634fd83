//! The codes of receivers that are not known yet: compared by a person, one after another.

use std::collections::VecDeque;

use fieldcast::{Answer, Fingerprint, FoundPeer};

use crate::app::App;
use crate::bars::Bars;
use crate::prompt::{self, Typed};

/// The codes that are to be compared, oldest first; the first is on the screen.
#[derive(Default)]
pub(super) struct Comparisons {
    open: VecDeque<(FoundPeer, String)>,
    typed: Typed,
}

impl Comparisons {
    /// Listens to the person from now on, before anything is asked: a line that lies typed already is no answer.
    pub(super) fn listen(&mut self, app: &App) {
        if app.out.is_interactive() {
            self.typed = Typed::listen();
        }
    }

    /// A receiver shows a code; tells whether there is a person to compare it. Without one nobody can have seen it.
    pub(super) fn ask(&mut self, bars: &Bars, peer: FoundPeer, code: String) -> bool {
        if !self.typed.is_open() {
            bars.note(format_args!(
                "{} [{}] is not known and nobody is here to compare its code {code}: send to it once from a terminal, \
                 give its whole fingerprint with --to, or use --unverified.",
                peer.name,
                peer.fingerprint.short()
            ));
            return false;
        }
        let was_shown = self.is_shown(&peer.fingerprint);
        self.open.retain(|(open, _)| open.fingerprint != peer.fingerprint);
        self.open.push_back((peer, code));
        if was_shown || self.open.len() == 1 {
            self.show(bars);
        }
        true
    }

    /// A receiver's question is over, answered or not.
    pub(super) fn withdraw(&mut self, bars: &Bars, peer: Fingerprint) {
        let was_shown = self.is_shown(&peer);
        self.open.retain(|(open, _)| open.fingerprint != peer);
        if was_shown {
            self.show(bars);
        }
    }

    /// What is typed next, whether or not anything is asked.
    pub(super) async fn line(&mut self) -> Option<String> {
        self.typed.next().await
    }

    /// Takes a typed line as the answer to what is on the screen, if anything is; no line at all means that nobody is
    /// there any more, which answers everything.
    pub(super) fn answer(&mut self, bars: &Bars, line: Option<&str>) -> Vec<(Fingerprint, Answer)> {
        let meant = if line.is_some() { self.open.len().min(1) } else { self.open.len() };
        let answer = prompt::compared(line.unwrap_or_default());
        let answered: Vec<_> = self.open.drain(..meant).map(|(peer, _)| (peer.fingerprint, answer)).collect();
        if !answered.is_empty() {
            self.show(bars);
        }
        answered
    }

    fn is_shown(&self, peer: &Fingerprint) -> bool {
        self.open.front().is_some_and(|(open, _)| open.fingerprint == *peer)
    }

    fn show(&mut self, bars: &Bars) {
        self.typed.forget();
        if let Some((peer, code)) = self.open.front() {
            let (name, fingerprint) = (&peer.name, peer.fingerprint.short());
            bars.note(format_args!(
                "Does {name} [{fingerprint}] show the code {code}? y: yes, remember it; d: a different one; n: no"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use fieldcast::{DeviceName, FoundBy};
    use tokio::sync::mpsc;

    use super::*;
    use crate::output::Output;

    const CODE: &str = "123 456";

    fn peer(byte: u8) -> FoundPeer {
        let addr = ([127, 0, 0, 1], 9).into();
        FoundPeer { fingerprint: Fingerprint([byte; 32]), name: DeviceName::new("Asha"), addr, by: FoundBy::default() }
    }

    fn scene() -> (Comparisons, Bars, mpsc::UnboundedSender<String>) {
        let (types, lines) = mpsc::unbounded_channel();
        let comparisons = Comparisons { typed: Typed::of(lines), ..Comparisons::default() };
        (comparisons, Bars::new(Output::new(true, false)), types)
    }

    #[tokio::test]
    async fn a_yes_typed_before_a_code_is_shown_confirms_nothing() {
        let (mut comparisons, bars, types) = scene();
        let types = |line: &str| types.send(line.to_owned()).unwrap();
        types("y"); // nobody has been asked anything
        let early = comparisons.line().await;
        assert_eq!(comparisons.answer(&bars, early.as_deref()), []);
        types("y");
        assert!(comparisons.ask(&bars, peer(1), CODE.to_owned()));
        assert!(comparisons.ask(&bars, peer(2), CODE.to_owned()));
        types("d");
        types("y"); // typed twice: the second code is not on the screen yet
        let line = comparisons.line().await;
        assert_eq!(comparisons.answer(&bars, line.as_deref()), [(Fingerprint([1; 32]), Answer::CodesDiffer)]);
        types("n");
        let line = comparisons.line().await;
        assert_eq!(comparisons.answer(&bars, line.as_deref()), [(Fingerprint([2; 32]), Answer::Decline)]);
    }

    #[tokio::test]
    async fn what_was_typed_for_a_code_is_no_answer_to_the_one_that_takes_its_place() {
        let (mut comparisons, bars, types) = scene();
        assert!(comparisons.ask(&bars, peer(1), CODE.to_owned()));
        types.send("y".to_owned()).unwrap();
        assert!(comparisons.ask(&bars, peer(1), CODE.to_owned()), "it has called again, and shows another code");
        types.send("d".to_owned()).unwrap();
        assert_eq!(comparisons.line().await.as_deref(), Some("d"));
    }

    #[tokio::test]
    async fn when_nobody_is_there_any_more_nothing_is_confirmed() {
        let (mut comparisons, bars, types) = scene();
        assert!(comparisons.ask(&bars, peer(1), CODE.to_owned()) && comparisons.ask(&bars, peer(2), CODE.to_owned()));
        drop(types);
        assert_eq!(comparisons.line().await, None);
        let declined = [1, 2].map(|byte| (Fingerprint([byte; 32]), Answer::Decline));
        assert_eq!(comparisons.answer(&bars, None), declined);
        assert!(!comparisons.ask(&bars, peer(3), CODE.to_owned()));
    }
}
