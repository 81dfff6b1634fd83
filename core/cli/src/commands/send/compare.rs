//! Code comparisons for receivers that are not trusted yet. The user answers them one after another.

use std::collections::VecDeque;

use fieldcast::{Answer, Fingerprint, FoundPeer};

use crate::app::App;
use crate::bars::Bars;
use crate::prompt::{self, Typed};

/// The open code comparisons, oldest first. The first one is on the screen.
#[derive(Default)]
pub(super) struct Comparisons {
    open: VecDeque<(FoundPeer, String)>,
    typed: Typed,
}

impl Comparisons {
    /// Starts to read the user's input before any question, because an earlier line is not an answer.
    pub(super) fn listen(&mut self, app: &App) {
        if app.out.is_interactive() {
            self.typed = Typed::listen();
        }
    }

    /// Adds the code of a receiver. Returns `false` if no user is there to compare it.
    pub(super) fn ask(&mut self, bars: &Bars, peer: FoundPeer, code: String) -> bool {
        if !self.typed.is_open() {
            bars.note(format_args!(
                "{} [{}] is not trusted yet, and there is no terminal to compare its code {code}. Send to it once from \
                 a terminal, give its whole fingerprint with --to, or use --unverified.",
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

    /// Removes the question about a receiver, answered or not.
    pub(super) fn withdraw(&mut self, bars: &Bars, peer: Fingerprint) {
        let was_shown = self.is_shown(&peer);
        self.open.retain(|(open, _)| open.fingerprint != peer);
        if was_shown {
            self.show(bars);
        }
    }

    /// The next typed line, even if no question is open.
    pub(super) async fn line(&mut self) -> Option<String> {
        self.typed.next().await
    }

    /// Takes a typed line as the answer to the question on the screen, if there is one. `None` means that the input is
    /// closed, which declines all open questions.
    pub(super) fn answer(&mut self, bars: &Bars, line: Option<&str>) -> Vec<(Fingerprint, Answer)> {
        let count = if line.is_some() { self.open.len().min(1) } else { self.open.len() };
        let answer = prompt::compared(line.unwrap_or_default());
        let answered: Vec<_> = self.open.drain(..count).map(|(peer, _)| (peer.fingerprint, answer)).collect();
        if !answered.is_empty() {
            self.show(bars);
        }
        answered
    }

    fn is_shown(&self, peer: &Fingerprint) -> bool {
        self.open.front().is_some_and(|(open, _)| open.fingerprint == *peer)
    }

    fn show(&mut self, bars: &Bars) {
        self.typed.discard();
        if let Some((peer, code)) = self.open.front() {
            let (name, fingerprint) = (&peer.name, peer.fingerprint.short());
            bars.note(format_args!(
                "Does {name} [{fingerprint}] show the code {code}? y: yes, trust it; d: another code; n: no"
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
    async fn ignores_a_yes_typed_before_the_code() {
        let (mut comparisons, bars, types) = scene();
        let type_line = |line: &str| types.send(line.to_owned()).unwrap();
        type_line("y"); // no question is open
        let early = comparisons.line().await;
        assert_eq!(comparisons.answer(&bars, early.as_deref()), []);
        type_line("y");
        assert!(comparisons.ask(&bars, peer(1), CODE.to_owned()));
        assert!(comparisons.ask(&bars, peer(2), CODE.to_owned()));
        type_line("d");
        type_line("y"); // typed before the second code is on the screen
        let line = comparisons.line().await;
        assert_eq!(comparisons.answer(&bars, line.as_deref()), [(Fingerprint([1; 32]), Answer::CodesDiffer)]);
        type_line("n");
        let line = comparisons.line().await;
        assert_eq!(comparisons.answer(&bars, line.as_deref()), [(Fingerprint([2; 32]), Answer::Decline)]);
    }

    #[tokio::test]
    async fn ignores_an_answer_to_a_replaced_code() {
        let (mut comparisons, bars, types) = scene();
        assert!(comparisons.ask(&bars, peer(1), CODE.to_owned()));
        types.send("y".to_owned()).unwrap();
        assert!(
            comparisons.ask(&bars, peer(1), CODE.to_owned()),
            "the receiver has reconnected and shows another code"
        );
        types.send("d".to_owned()).unwrap();
        assert_eq!(comparisons.line().await.as_deref(), Some("d"));
    }

    #[tokio::test]
    async fn declines_all_codes_when_the_input_closes() {
        let (mut comparisons, bars, types) = scene();
        assert!(comparisons.ask(&bars, peer(1), CODE.to_owned()) && comparisons.ask(&bars, peer(2), CODE.to_owned()));
        drop(types);
        assert_eq!(comparisons.line().await, None);
        let declined = [1, 2].map(|byte| (Fingerprint([byte; 32]), Answer::Decline));
        assert_eq!(comparisons.answer(&bars, None), declined);
        assert!(!comparisons.ask(&bars, peer(3), CODE.to_owned()));
    }
}
