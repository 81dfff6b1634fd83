//! Finds other devices.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_wire::Role;
use mdns_sd::{Receiver, ServiceEvent};
use tokio::time::{Instant, sleep_until};

use crate::mdns::{Mdns, failed};
use crate::name_table::{NameTable, Wanted};
use crate::service::{SERVICE, heard, instance, is_sought};
use crate::{Announcement, DiscoveryEvent, Error, Interface, Peer};

/// How often everybody is asked anew. mDNS itself would ask ever more rarely, so that a device whose two announcements
/// were lost on the air (multicast is sent once, without acknowledgement) would stay unseen for minutes.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How long a device that is doubted has to answer.
const DOUBT: Duration = Duration::from_secs(2);

/// A search for devices on one interface, going on until dropped.
pub struct Browser {
    daemon: Mdns,
    interface: Interface,
    role: Role,
    own: Option<(Fingerprint, u32)>,
    /// The answers, oldest search first; a search ends, and its queue with it, when the next one begins.
    queues: VecDeque<Receiver<ServiceEvent>>,
    ask_again: Instant,
    /// Who is there, by full mDNS name.
    seen: NameTable,
    to_tell: VecDeque<DiscoveryEvent>,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("interface", &self.interface.name).finish_non_exhaustive()
    }
}

/// Searches for devices in a role on one interface, and for those in any role that have the key of the caller, who announces
/// itself as `own` and is not told of. Those who are `wanted` are told of however many others there are.
///
/// # Errors
/// [`Error::InterfaceGone`] when the interface has lost its address, [`Error::Discovery`] when mDNS does not work here.
pub fn browse(interface: &Interface, role: Role, own: Option<&Announcement>, wanted: Wanted) -> Result<Browser, Error> {
    let daemon = Mdns::open(interface)?;
    let queues = VecDeque::from([daemon.0.browse(SERVICE).map_err(failed)?]);
    let ask_again = Instant::now() + ASK_EVERY;
    let own = own.map(|own| (own.fingerprint, own.session));
    let (interface, seen, to_tell) = (interface.clone(), NameTable::new(wanted), VecDeque::new());
    Ok(Browser { daemon, interface, role, own, queues, ask_again, seen, to_tell })
}

impl Browser {
    /// The next change in who is there, or `None` when the search has failed and will tell no more. May be dropped half
    /// way and called again. Must be called all the while: it is what asks again every few seconds.
    pub async fn next(&mut self) -> Option<DiscoveryEvent> {
        loop {
            if let Some(sighting) = self.to_tell.pop_front() {
                return Some(sighting);
            }
            let queue = self.queues.front()?;
            tokio::select! {
                event = queue.recv_async() => match event {
                    Ok(event) => self.judge(event),
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
    pub fn reverify(&self, fingerprint: &Fingerprint) {
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

    /// Takes what an event changes in who is there, to be told.
    fn judge(&mut self, event: ServiceEvent) {
        match event {
            ServiceEvent::ServiceResolved(answer) => {
                let is_sought = |peer: &Peer| is_sought(peer, self.role, self.own);
                if let Some(peer) = heard(&answer, &self.interface).filter(is_sought) {
                    self.to_tell.extend(self.seen.put(&answer.fullname, peer));
                }
            }
            ServiceEvent::ServiceRemoved(_, name) => self.to_tell.extend(self.seen.take(&name)),
            _ => {}
        }
    }
}
