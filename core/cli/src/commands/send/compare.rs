//! The codes of receivers that are not known yet: compared by a person, one after another.

use std::collections::VecDeque;

use fieldcast::{Answer, Code, Fingerprint, FoundPeer, OfferSession};
use tokio::sync::mpsc;

use crate::app::App;
use crate::bars::Bars;
use crate::prompt;

/// The codes that are to be compared, oldest first; the first is on the screen.
#[derive(Default)]
pub(super) struct Comparisons {
    open: VecDeque<(FoundPeer, Code)>,
    /// From the first question on.
    typed: Option<mpsc::UnboundedReceiver<String>>,
}

impl Comparisons {
    /// A receiver shows a code. Without a person nobody can have seen it.
    pub(super) fn ask(&mut self, app: &App, bars: &Bars, session: &OfferSession, peer: FoundPeer, code: Code) {
        if !app.out.is_interactive() {
            bars.note(format_args!(
                "{} [{}] is not known and nobody is here to compare its code {code}: send to it once from a terminal, \
                 give its whole fingerprint with --to, or use --unverified.",
                peer.name,
                peer.fingerprint.short()
            ));
            return session.answer(peer.fingerprint, Answer::Decline);
        }
        self.typed.get_or_insert_with(prompt::lines);
        self.open.retain(|(open, _)| open.fingerprint != peer.fingerprint);
        self.open.push_back((peer, code));
        if self.open.len() == 1 {
            self.show(bars);
        }
    }

    /// A receiver's question is over, answered or not.
    pub(super) fn withdraw(&mut self, bars: &Bars, peer: Fingerprint) {
        let was_shown = self.open.front().is_some_and(|(open, _)| open.fingerprint == peer);
        self.open.retain(|(open, _)| open.fingerprint != peer);
        if was_shown {
            self.show(bars);
        }
    }

    /// What is typed next; never ends while nothing is asked.
    pub(super) async fn line(&mut self) -> Option<String> {
        match &mut self.typed {
            Some(lines) if !self.open.is_empty() => lines.recv().await,
            _ => std::future::pending().await,
        }
    }

    /// Takes a typed line as the answer to what is on the screen; no line at all means that nobody is there any more.
    pub(super) fn answer(&mut self, bars: &Bars, session: &OfferSession, line: Option<&str>) {
        if let Some((peer, _)) = self.open.pop_front() {
            session.answer(peer.fingerprint, prompt::compared(line.unwrap_or_default()));
        }
        if line.is_none() {
            self.open.drain(..).for_each(|(peer, _)| session.answer(peer.fingerprint, Answer::Decline));
        }
        self.show(bars);
    }

    fn show(&self, bars: &Bars) {
        if let Some((peer, code)) = self.open.front() {
            let (name, fingerprint) = (&peer.name, peer.fingerprint.short());
            bars.note(format_args!(
                "Does {name} [{fingerprint}] show the code {code}? y: yes, remember it; d: a different one; n: no"
            ));
        }
    }
}
