//! Shows the progress of each receiver.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use fieldcast::{
    Answer, Fingerprint, FoundBy, FoundPeer, NetworkChange, OfferEvent, OfferSession, SendProgress, SendState,
    Subscription,
};
use tokio::time::Instant;

use super::compare::Comparisons;
use super::pick::Picker;
use super::rate::TransferRate;
use super::typed::TypedAddresses;
use crate::app::App;
use crate::bars::{Bars, Share};
use crate::error::{Error, Result};
use crate::events;
use crate::offers::OfferTotals;
use crate::text::{MATCHES, compared, network, safe, shared_key};

/// How often to poll the session for final states, because a full subscription can drop events.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Time limit for the last events of a stopped session.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// A picked receiver and its state.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Sent {
    pub(in crate::commands) name: String,
    /// `None` if it was never found.
    pub(in crate::commands) fingerprint: Option<Fingerprint>,
    /// `None` if it was never found.
    pub(in crate::commands) state: Option<SendState>,
    pub(in crate::commands) progress: SendProgress,
    begun: Instant,
    /// Set while data is transferred.
    rate: Option<TransferRate>,
    pub(in crate::commands) took: Duration,
}

/// Prints a session's progress, as text or as events.
pub(in crate::commands) struct Watch<'a> {
    app: &'a App,
    events: Subscription<OfferEvent>,
    bars: Bars,
    known: BTreeMap<Fingerprint, FoundBy>,
    sent: BTreeMap<Fingerprint, Sent>,
    comparisons: Comparisons,
    typed: TypedAddresses,
    /// Whether to show codes that only the other side may ask for.
    shows_codes: bool,
    pub(in crate::commands) snapshots: Offered,
}

/// The data that each receiver has after it saved.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) struct Offered {
    pub(in crate::commands) records: u64,
}

impl<'a> Watch<'a> {
    pub(in crate::commands) fn new(app: &'a App, session: &OfferSession) -> Self {
        let OfferTotals { records, .. } = OfferTotals::of(session.offer());
        Self {
            app,
            events: session.subscribe(),
            bars: Bars::new(app.out),
            known: BTreeMap::new(),
            typed: TypedAddresses::default(),
            shows_codes: true,
            sent: BTreeMap::new(),
            comparisons: Comparisons::default(),
            snapshots: Offered { records },
        }
    }

    /// Hides codes that the user need not compare here, because no user compares them on the other side either.
    pub(in crate::commands) fn without_codes(self) -> Self {
        Self { shows_codes: false, ..self }
    }

    /// Also tries these addresses.
    pub(in crate::commands) fn searching_at(self, session: &OfferSession, addresses: &[SocketAddr]) -> Self {
        Self { typed: TypedAddresses::search(session, addresses), ..self }
    }

    /// Sends to the receivers of the picker until all have finished. Returns the given receivers that were not found.
    pub(in crate::commands) async fn drive(
        &mut self,
        session: &OfferSession,
        mut picker: Picker,
    ) -> Result<Vec<String>> {
        self.comparisons.listen(self.app);
        let mut tick = tokio::time::interval(POLL_INTERVAL);
        for (peer, _) in session.peers() {
            self.found(session, &mut picker, &peer)?;
        }
        loop {
            let until = picker.until();
            if until.is_none() && self.sent.values().all(Sent::is_over) {
                return Ok(picker.missing());
            }
            tokio::select! {
                event = self.events.next() => match event {
                    Some(OfferEvent::Found(peer)) => self.found(session, &mut picker, &peer)?,
                    Some(OfferEvent::Changed(peer, state)) => self.changed(peer, state)?,
                    Some(OfferEvent::Compare(peer, code)) => {
                        self.app.out.event(|| events::code("compare", &peer, code))?;
                        let receiver = peer.fingerprint;
                        if !self.comparisons.ask(&self.bars, peer, code.to_string()) {
                            session.answer(receiver, Answer::Decline);
                        }
                    }
                    Some(OfferEvent::Sas(peer, code)) => {
                        self.app.out.event(|| events::code("code", &peer, code))?;
                        if self.shows_codes {
                            self.bars.note(format_args!(
                                "{} [{}] is trusted. If its screen asks for a code: {code}",
                                peer.name,
                                peer.fingerprint.short()
                            ));
                        }
                    }
                    Some(OfferEvent::Gone(_)) => {}
                    Some(OfferEvent::SharedKey(devices)) => {
                        self.app.out.event(|| events::shared_key(&devices))?;
                        self.bars.note(shared_key(&devices));
                    }
                    Some(OfferEvent::Network(change)) => self.network(&change)?,
                    None => return Err(Error::session_ended()),
                },
                (addr, answered) = self.typed.next(session) => match answered {
                    Ok(peer) => {
                        picker.answered(addr, peer.fingerprint);
                        self.found(session, &mut picker, &peer)?;
                    }
                    Err(why) => self.bars.note(format_args!("{addr}: {why}.")),
                },
                line = self.comparisons.line() => {
                    let answered = self.comparisons.answer(&self.bars, line.as_deref());
                    answered.into_iter().for_each(|(receiver, answer)| session.answer(receiver, answer));
                }
                _ = tick.tick() => {
                    self.poll_final_states(session)?;
                    self.refresh();
                }
                () = self.app.stop.wanted() => return Err(Error::Interrupted),
            }
        }
    }

    /// Prints the last events of a stopped session.
    pub(in crate::commands) async fn drain(&mut self) -> Result {
        while let Ok(Some(event)) = tokio::time::timeout(DRAIN_LIMIT, self.events.next()).await {
            if let OfferEvent::Changed(peer, state) = event {
                self.changed(peer, state)?;
            }
        }
        Ok(())
    }

    /// Removes the bars. Returns all picked receivers, sorted by name.
    pub(in crate::commands) fn finish(mut self, missing: Vec<String>) -> (Vec<Sent>, Offered) {
        self.bars.clear();
        let (none, now) = (SendProgress::default(), Instant::now());
        let missing = missing.into_iter().map(|name| Sent {
            name,
            fingerprint: None,
            state: None,
            progress: none,
            begun: now,
            rate: None,
            took: Duration::ZERO,
        });
        let mut sent: Vec<_> = self.sent.into_values().chain(missing).collect();
        sent.sort_by(|a, b| a.name.cmp(&b.name));
        (sent, self.snapshots)
    }

    fn found(&mut self, session: &OfferSession, picker: &mut Picker, peer: &FoundPeer) -> Result {
        let before = self.known.insert(peer.fingerprint, peer.by);
        let is_new = before.is_none();
        if before != Some(peer.by) {
            self.app.out.event(|| events::peer_found(peer))?;
        }
        match picker.takes(peer) {
            Ok(true) if !self.sent.contains_key(&peer.fingerprint) => self.send(session, peer),
            Err(namesake) if is_new => {
                self.bars.note(namesake);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn network(&mut self, change: &NetworkChange) -> Result {
        self.bars.note(network(change));
        self.app.out.event(|| events::network(change))
    }

    fn send(&mut self, session: &OfferSession, peer: &FoundPeer) -> Result {
        let sent = Sent {
            name: peer.name.to_string(),
            fingerprint: Some(peer.fingerprint),
            state: None,
            progress: SendProgress::default(),
            begun: Instant::now(),
            rate: None,
            took: Duration::ZERO,
        };
        self.sent.insert(peer.fingerprint, sent);
        Ok(session.send_to(peer.fingerprint)?)
    }

    fn changed(&mut self, peer: Fingerprint, state: SendState) -> Result {
        let Some(sent) = self.sent.get_mut(&peer).filter(|sent| !sent.is_over()) else { return Ok(()) };
        if !matches!(state, SendState::Asking | SendState::Confirming) {
            self.comparisons.withdraw(&self.bars, peer);
        }
        sent.progress = state.progress().unwrap_or(sent.progress);
        sent.took = sent.begun.elapsed();
        sent.rate = match &state {
            SendState::Sending(progress) => {
                let mut rate = sent.rate.take().unwrap_or_default();
                rate.report(Instant::now(), *progress);
                Some(rate)
            }
            _ => None,
        };
        let reason = reason(&state);
        self.app.out.event(|| events::send_state(&sent.name, &peer, word(&state), sent.progress, reason.as_deref()))?;
        let (share, text) = (share(&state), sent.text(&state));
        let key = peer.to_string();
        if state.is_final() {
            self.bars.settle(&key, &sent.name, share, &text);
        } else {
            self.bars.show(&key, &sent.name, share, &text);
        }
        sent.state = Some(state);
        Ok(())
    }

    /// Redraws the bars, so that the remaining time grows while no data arrives.
    fn refresh(&mut self) {
        for (peer, sent) in self.sent.iter().filter(|(_, sent)| sent.rate.is_some()) {
            if let Some(state) = &sent.state {
                self.bars.redraw(&peer.to_string(), &sent.text(state));
            }
        }
    }

    fn poll_final_states(&mut self, session: &OfferSession) -> Result {
        let over = session.peers().into_iter().filter(|(_, state)| state.is_final());
        for (peer, state) in over {
            self.changed(peer.fingerprint, state)?;
        }
        Ok(())
    }
}

impl Sent {
    pub(in crate::commands) fn is_over(&self) -> bool {
        self.state.as_ref().is_some_and(SendState::is_final)
    }

    pub(in crate::commands) fn is_saved(&self) -> bool {
        matches!(self.state, Some(SendState::Saved(_)))
    }

    fn text(&self, state: &SendState) -> String {
        match state {
            SendState::Found | SendState::Queued => "waiting".to_owned(),
            SendState::Connecting => "connecting".to_owned(),
            SendState::Asking => "waiting for the user's answer".to_owned(),
            SendState::Confirming => "accepted; compare the codes".to_owned(),
            SendState::Agreeing => "accepted; comparing data".to_owned(),
            SendState::Sending(_) => self.rate.as_ref().map(|rate| rate.text(Instant::now())).unwrap_or_default(),
            SendState::Applying(_) => "all data received; saving".to_owned(),
            SendState::Saved(sent) => match compared(&sent.comparisons).as_str() {
                MATCHES => "saved".to_owned(),
                ahead => format!("saved; {ahead}"),
            },
            SendState::Lost(_) => "connection lost; reconnecting".to_owned(),
            SendState::Failed(reason, _) => format!("failed: {}", safe(&reason.to_string())),
        }
    }
}

/// The name of the state in events.
pub(in crate::commands) fn word(state: &SendState) -> &'static str {
    match state {
        SendState::Found => "found",
        SendState::Queued => "queued",
        SendState::Connecting => "connecting",
        SendState::Asking => "asking",
        SendState::Confirming => "confirming",
        SendState::Agreeing => "agreeing",
        SendState::Sending(_) => "sending",
        SendState::Applying(_) => "applying",
        SendState::Saved(_) => "saved",
        SendState::Lost(_) => "lost",
        SendState::Failed(..) => "failed",
    }
}

pub(in crate::commands) fn reason(state: &SendState) -> Option<String> {
    match state {
        SendState::Failed(reason, _) => Some(reason.to_string()),
        _ => None,
    }
}

fn share(state: &SendState) -> Option<Share> {
    let progress = state.progress().filter(|progress| progress.total > 0 || !matches!(state, SendState::Lost(_)))?;
    Some(Share { done: progress.staged, total: progress.total })
}
