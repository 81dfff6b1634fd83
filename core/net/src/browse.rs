//! Finds other devices.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_wire::Role;
use mdns_sd::{Receiver, ServiceEvent};
use tokio::time::{Instant, sleep_until};

use crate::mdns::{Mdns, failed};
use crate::sighting::{SERVICE, instance, peer};
use crate::{Error, Interface, Peer, Sighting};

/// How often everybody is asked anew. mDNS itself would ask ever more rarely, so that a device whose two announcements
/// were lost on the air (multicast is sent once, without acknowledgement) would stay unseen for minutes.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// The most devices kept in view, so that a forger of names cannot fill the memory.
const MAX_PEERS: usize = 256;
/// How long a device that is doubted has to answer.
const DOUBT: Duration = Duration::from_secs(2);

/// A search for devices on one interface, going on until dropped.
pub struct Browser {
    daemon: Mdns,
    interface: Interface,
    role: Role,
    own: Option<Fingerprint>,
    /// The answers, oldest search first; a search ends, and its queue with it, when the next one begins.
    queues: VecDeque<Receiver<ServiceEvent>>,
    ask_again: Instant,
    /// Who is there, by full mDNS name in lower case.
    seen: HashMap<String, Peer>,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("interface", &self.interface.name).finish_non_exhaustive()
    }
}

/// Searches for devices in a role on one interface. `own` is who the caller itself is there, and not worth telling.
///
/// # Errors
/// [`Error::InterfaceGone`] when the interface has lost its address, [`Error::Discovery`] when mDNS does not work here.
pub fn browse(interface: &Interface, role: Role, own: Option<Fingerprint>) -> Result<Browser, Error> {
    let daemon = Mdns::open(interface)?;
    let queues = VecDeque::from([daemon.0.browse(SERVICE).map_err(failed)?]);
    let ask_again = Instant::now() + ASK_EVERY;
    Ok(Browser { daemon, interface: interface.clone(), role, own, queues, ask_again, seen: HashMap::new() })
}

impl Browser {
    /// The next change in who is there, or `None` when the search has failed and will tell no more. May be dropped half
    /// way and called again. Must be called all the while: it is what asks again every few seconds.
    pub async fn next(&mut self) -> Option<Sighting> {
        loop {
            let queue = self.queues.front()?;
            tokio::select! {
                event = queue.recv_async() => match event {
                    Ok(event) => if let Some(sighting) = self.judge(event) {
                        return Some(sighting);
                    },
                    Err(_) => {
                        self.queues.pop_front();
                        if self.queues.is_empty() {
                            self.ask();
                        }
                    }
                },
                () = sleep_until(self.ask_again) => self.ask(),
            }
        }
    }

    /// Has a device prove that it is still there, for instance after a call to it failed. When it does not answer
    /// within two seconds, [`next`](Self::next) tells that it is gone.
    pub fn doubt(&self, fingerprint: &Fingerprint) {
        let name = format!("{}.{SERVICE}", instance(fingerprint, self.role));
        let _ = self.daemon.0.verify(name, DOUBT); // the queue is full: it will be doubted again
    }

    /// Begins the search anew: everybody is asked, and told again from memory, which [`judge`](Self::judge) knows.
    fn ask(&mut self) {
        self.ask_again = Instant::now() + ASK_EVERY;
        if let Ok(queue) = self.daemon.0.browse(SERVICE) {
            self.queues.push_back(queue);
        }
    }

    /// What an event changes in who is there, if anything.
    fn judge(&mut self, event: ServiceEvent) -> Option<Sighting> {
        match event {
            ServiceEvent::ServiceResolved(heard) => {
                let peer = peer(&heard, &self.interface)?;
                (peer.role == self.role && Some(peer.fingerprint) != self.own).then_some(())?;
                let name = heard.fullname.to_lowercase();
                match self.seen.get(&name) {
                    Some(known) if *known == peer => return None,
                    // Two keys whose fingerprints begin alike: whoever came first stays until it goes.
                    Some(known) if known.fingerprint != peer.fingerprint => return None,
                    None if self.seen.len() >= MAX_PEERS => return None,
                    _ => {}
                }
                self.seen.insert(name, peer.clone());
                Some(Sighting::Seen(peer))
            }
            ServiceEvent::ServiceRemoved(_, name) => {
                self.seen.remove(&name.to_lowercase()).map(|gone| Sighting::Gone(gone.fingerprint))
            }
            _ => None,
        }
    }
}
