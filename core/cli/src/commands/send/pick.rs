//! Selects the receivers of a send.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use fieldcast::{DeviceName, Fingerprint, FoundPeer, OfferEvent, OfferSession};
use tokio::time::Instant;

use crate::app::App;
use crate::args::SendArgs;
use crate::error::{Error, Result};
use crate::names::is_device;
use crate::prompt;
use crate::text::counted;

/// Picks receivers as they appear.
#[derive(Debug)]
pub(in crate::commands) enum Picker {
    /// Each named receiver as it appears, until a time.
    Named(Vec<Named>, Instant),
    /// All receivers, until a time.
    All(Instant),
    /// The receivers that the user has picked.
    Chosen(Vec<Fingerprint>),
}

/// A receiver that the arguments give by name or address.
#[derive(Debug)]
pub(in crate::commands) struct Named {
    text: String,
    at: Option<SocketAddr>,
    found: Option<Fingerprint>,
}

impl Picker {
    /// The picker for the arguments. `None` if the user must pick.
    pub(in crate::commands) fn new(args: &SendArgs, wait: Duration) -> Option<Self> {
        let until = Instant::now() + wait;
        if !args.to.is_empty() || !args.at.is_empty() {
            let named = args.to.iter().map(|text| Named { text: text.clone(), at: None, found: None });
            let typed = args.at.iter().map(|addr| Named { text: addr.to_string(), at: Some(*addr), found: None });
            Some(Self::Named(named.chain(typed).collect(), until))
        } else {
            args.yes.then_some(Self::All(until))
        }
    }

    /// Whether to send to this receiver. A name means the first receiver found with it. `Err` says that another
    /// receiver already has the name.
    pub(in crate::commands) fn takes(&mut self, peer: &FoundPeer) -> Result<bool, String> {
        let named = match self {
            Self::All(_) => return Ok(true),
            Self::Chosen(picked) => return Ok(picked.contains(&peer.fingerprint)),
            Self::Named(named, _) => named,
        };
        let mut picked = false;
        let mut namesake = false;
        // If a device appears under two of the names, these are two devices with the same key. Only one gets data.
        let is_name = |one: &Named| one.at.is_none() && !is_device(&one.text, &peer.fingerprint, &DeviceName::new(""));
        let has_name = named.iter().any(|one| is_name(one) && one.found == Some(peer.fingerprint));
        for one in named.iter_mut() {
            // `answered` sets the receiver of an address.
            let matches = match one.at {
                Some(_) => one.found == Some(peer.fingerprint),
                None => is_device(&one.text, &peer.fingerprint, &peer.name),
            };
            if !matches || one.found.is_none() && has_name && is_name(one) {
                continue;
            }
            let found = *one.found.get_or_insert(peer.fingerprint);
            picked |= found == peer.fingerprint;
            namesake |= found != peer.fingerprint;
        }
        if namesake && !picked {
            let fingerprint = peer.fingerprint.short();
            return Err(format!(
                "Another device is called {} [{fingerprint}]. To send to it, use its fingerprint.",
                peer.name
            ));
        }
        Ok(picked)
    }

    /// A receiver has answered at one of the given addresses.
    pub(in crate::commands) fn answered(&mut self, addr: SocketAddr, peer: Fingerprint) {
        if let Self::Named(named, _) = self {
            named.iter_mut().filter(|one| one.at == Some(addr)).for_each(|one| one.found = Some(peer));
        }
    }

    /// When the search for receivers ends. `None` if it has ended.
    pub(in crate::commands) fn until(&self) -> Option<Instant> {
        match self {
            Self::Named(named, until) => named.iter().any(|one| one.found.is_none()).then_some(*until),
            Self::All(until) => Some(*until),
            Self::Chosen(_) => None,
        }
        .filter(|until| *until > Instant::now())
    }

    /// The given receivers that were not found.
    pub(in crate::commands) fn missing(self) -> Vec<String> {
        match self {
            Self::Named(named, _) => named.into_iter().filter(|one| one.found.is_none()).map(|one| one.text).collect(),
            Self::All(_) | Self::Chosen(_) => Vec::new(),
        }
    }
}

/// Lets the user pick receivers. Repeats until the user has confirmed a selection.
pub(in crate::commands) async fn ask(app: &App, session: &OfferSession) -> Result<Vec<Fingerprint>> {
    let mut shown = BTreeSet::new();
    loop {
        search(app, session, &mut shown).await?;
        let mut found: Vec<FoundPeer> = session.peers().into_iter().map(|(peer, _)| peer).collect();
        found.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        if found.is_empty() {
            continue;
        }
        let items: Vec<_> =
            found.iter().map(|peer| (format!("{} [{}]", peer.name, peer.fingerprint.short()), false)).collect();
        let question =
            "Send to (Space: choose, A: choose all, Enter: continue, or search again without a choice)".to_owned();
        let picked = stoppable(app, prompt::pick_many(question, items)).await?;
        if picked.is_empty() {
            continue;
        }
        let question = format!("Send to {}?", counted(picked.len() as u64, "receiver", "receivers"));
        if stoppable(app, prompt::confirm(question, true)).await? {
            return Ok(picked.iter().filter_map(|index| found.get(*index)).map(|peer| peer.fingerprint).collect());
        }
    }
}

/// Shows the receivers found until the user presses Enter.
async fn search(app: &App, session: &OfferSession, shown: &mut BTreeSet<Fingerprint>) -> Result {
    app.out.note("Searching for receivers. Press Enter to choose from the list:");
    let mut events = session.subscribe();
    let show = |peer: &FoundPeer, shown: &mut BTreeSet<Fingerprint>| {
        if shown.insert(peer.fingerprint) {
            app.out.note(format_args!("  {} [{}]", peer.name, peer.fingerprint.short()));
        }
    };
    session.peers().iter().for_each(|(peer, _)| show(peer, shown));
    let enter = stoppable(app, prompt::enter());
    tokio::pin!(enter);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(OfferEvent::Found(peer)) => show(&peer, shown),
                Some(_) => {}
                None => return Err(Error::session_ended()),
            },
            pressed = &mut enter => return pressed,
        }
    }
}

async fn stoppable<T>(app: &App, prompt: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        answer = prompt => answer,
        () = app.stop.wanted() => Err(Error::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use fieldcast::FoundBy;

    use super::*;

    fn peer(byte: u8, name: &str) -> FoundPeer {
        let addr = ([127, 0, 0, 1], 9).into();
        let by = FoundBy { mdns: true, ..FoundBy::default() };
        FoundPeer { fingerprint: Fingerprint([byte; 32]), name: DeviceName::new(name), addr, by }
    }

    fn named(texts: &[&str]) -> Picker {
        let named = texts.iter().map(|text| Named { text: (*text).to_owned(), at: None, found: None });
        Picker::Named(named.collect(), Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn picks_the_first_receiver_with_a_name() {
        let mut picker = named(&["Asha", "2222"]);
        assert_eq!(picker.takes(&peer(0x11, "asha")), Ok(true));
        assert_eq!(picker.takes(&peer(0x11, "asha")), Ok(true));
        assert!(picker.takes(&peer(0x33, "Asha")).is_err());
        assert_eq!(picker.takes(&peer(0x44, "Bela")), Ok(false));
        assert!(picker.until().is_some());
        assert_eq!(picker.takes(&peer(0x22, "Asha")), Ok(true), "named by its fingerprint");
        assert!(picker.until().is_none() && picker.missing().is_empty());
    }

    #[test]
    fn finds_one_of_two_named_devices_with_one_key() {
        let mut picker = named(&["Asha", "Bela", "1111"]);
        assert_eq!(picker.takes(&peer(0x11, "Asha")), Ok(true));
        picker.takes(&peer(0x11, "Bela")).unwrap();
        assert_eq!(picker.missing(), ["Bela"]);
    }

    #[test]
    fn picks_any_receiver_at_a_given_address() {
        let at: SocketAddr = ([192, 168, 49, 2], 7000).into();
        let typed = Named { text: at.to_string(), at: Some(at), found: None };
        let mut picker = Picker::Named(vec![typed], Instant::now() + Duration::from_secs(60));
        assert_eq!(picker.takes(&peer(1, &at.to_string())), Ok(false), "a name is not an address");
        picker.answered(at, Fingerprint([2; 32]));
        assert_eq!(picker.takes(&peer(2, "Bela")), Ok(true));
        assert!(picker.until().is_none());
    }

    #[test]
    fn lists_receivers_that_were_not_found() {
        let mut picker = named(&["Asha", "Bela"]);
        assert_eq!(picker.takes(&peer(1, "Bela")), Ok(true));
        assert_eq!(picker.missing(), ["Asha"]);
    }
}
