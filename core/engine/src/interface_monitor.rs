//! The network a session is on while it is there. Groups are formed anew, often with another subnet; sessions go on.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fieldcast_net::{Interface, choose_again};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::WifiGroupMonitor;
use crate::endpoint::Endpoint;

/// How often it is looked whether the interface is still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a session finds an interface to go on with when its own has lost its address.
#[derive(Clone)]
pub struct InterfaceMonitor {
    /// Whether any interface will do that is chosen by itself and as good; else it must be one of the same name.
    pub any: bool,
    /// How often to look. What is missing in two looks and has no successor is gone.
    pub poll_interval: Duration,
    /// The interfaces there are.
    pub interfaces: Arc<dyn Fn() -> Vec<Interface> + Send + Sync>,
    /// What the phone tells of its Wi-Fi group.
    pub group: WifiGroupMonitor,
}

impl Default for InterfaceMonitor {
    fn default() -> Self {
        let interfaces = Arc::new(fieldcast_net::interfaces);
        Self { any: false, poll_interval: LOOK_EVERY, interfaces, group: WifiGroupMonitor::default() }
    }
}

impl fmt::Debug for InterfaceMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roaming").field("any", &self.any).finish_non_exhaustive()
    }
}

impl InterfaceMonitor {
    /// Waits until the interface has gone, or another has taken its place.
    pub(crate) async fn gone(&self, last: &Interface) {
        let mut was_missing = false;
        let mut group = self.group.follow(last.addr);
        while !group.has_left() {
            tokio::select! {
                () = tokio::time::sleep(self.poll_interval) => {}
                () = group.changed() => continue,
            }
            match self.next(last) {
                Some(found) if found == *last => was_missing = false,
                // Wi-Fi that is out of reach for a moment comes back with its address, and connections live on.
                None if !was_missing => was_missing = true,
                _ => return,
            }
        }
    }

    /// Waits until there is an interface to go on with.
    pub(crate) async fn back(&self, last: &Interface) -> Interface {
        let mut group = self.group.follow(last.addr);
        loop {
            match self.next(last) {
                Some(found) => return found,
                None => tokio::select! {
                    () = tokio::time::sleep(self.poll_interval) => {}
                    () = group.changed() => {}
                },
            }
        }
    }

    /// The interface to go on with: the group's, if `last` was the group's and it is there.
    fn next(&self, last: &Interface) -> Option<Interface> {
        let mut found = (self.interfaces)();
        if let Some(now) = self.group.of(last.addr) {
            if let Some(at) = found.iter().position(|one| Some(one.addr) == now) {
                return Some(found.swap_remove(at));
            }
            found.retain(|one| one.addr != last.addr || now == Some(last.addr));
        }
        choose_again(found, last, self.any)
    }
}

/// What became of a session's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkChange {
    /// The interface has lost its address. The session looks for it, or for one in its place.
    Gone {
        /// The interface's name.
        name: String,
    },
    /// The session goes on here.
    Back {
        /// The interface.
        interface: Interface,
        /// Where it listens now.
        addr: SocketAddr,
    },
}

/// A network that is there.
#[derive(Clone, Debug)]
pub(crate) struct ActiveNetwork {
    pub(crate) interface: Interface,
    /// Where the session listens.
    pub(crate) addr: SocketAddr,
    /// Cancelled when it goes, and every connection on it is lost, noticed or not.
    pub(crate) ended: CancellationToken,
}

/// The network a session is on, if there is one.
#[derive(Debug)]
pub(crate) struct NetworkState(watch::Sender<Option<ActiveNetwork>>);

impl NetworkState {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(crate) fn live(&self) -> Option<ActiveNetwork> {
        self.0.borrow().clone()
    }

    pub(crate) fn begin(&self, station: &Endpoint) -> ActiveNetwork {
        let (interface, addr) = (station.interface.clone(), station.listener.addr());
        let live = ActiveNetwork { interface, addr, ended: CancellationToken::new() };
        self.0.send_replace(Some(live.clone()));
        live
    }

    pub(crate) fn end(&self) {
        if let Some(live) = self.0.send_replace(None) {
            live.ended.cancel();
        }
    }

    /// Waits for a network; for ever once the session is over.
    pub(crate) async fn some(&self) -> ActiveNetwork {
        let mut changes = self.0.subscribe();
        match changes.wait_for(Option::is_some).await.map(|live| live.clone()) {
            Ok(Some(live)) => live,
            _ => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;

    fn group(third: u8) -> Interface {
        let addr = [192, 168, third, 1].into();
        Interface { name: "p2p-wlan0-0".to_owned(), addr, prefix: 24, is_loopback: false, index: Some(7) }
    }

    /// What is seen look by look; the last for ever.
    fn looks(looks: Vec<Vec<Interface>>) -> InterfaceMonitor {
        let looks = Mutex::new(VecDeque::from(looks));
        let next = move || {
            let mut looks = looks.lock().unwrap();
            if looks.len() > 1 { looks.pop_front().unwrap() } else { looks[0].clone() }
        };
        InterfaceMonitor { any: true, interfaces: Arc::new(next), ..InterfaceMonitor::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_missing_for_a_moment_has_not_gone() {
        let (here, nothing) = (vec![group(49)], vec![]);
        let start = tokio::time::Instant::now();
        looks(vec![nothing.clone(), here.clone(), nothing.clone(), here, nothing]).gone(&group(49)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(6), "two looks in a row");
    }

    #[tokio::test(start_paused = true)]
    async fn a_successor_is_seen_at_once() {
        let start = tokio::time::Instant::now();
        looks(vec![vec![group(49)], vec![group(7)]]).gone(&group(49)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_phone_tells_of_its_group_is_followed_at_once_whatever_the_interfaces_show() {
        let start = tokio::time::Instant::now();
        let elsewhere = Interface { name: "p2p-wlan0-9".to_owned(), ..group(7) };
        let roaming = InterfaceMonitor { any: false, ..looks(vec![vec![group(49), elsewhere.clone()]]) };
        roaming.group.here(group(49).addr);
        let follow = async {
            roaming.gone(&group(49)).await;
            roaming.back(&group(49)).await
        };
        let tell = async {
            roaming.group.lost();
            tokio::time::sleep(Duration::from_secs(100)).await; // the interface of old is still there, and does not count
            roaming.group.here(elsewhere.addr);
        };
        let (next, ()) = tokio::join!(follow, tell);
        assert_eq!((next, start.elapsed()), (elsewhere.clone(), Duration::from_secs(100)));
        let other = Interface { name: "wlan0".to_owned(), ..group(1) };
        let aside = looks(vec![vec![other.clone()]]);
        aside.group.here(group(49).addr);
        aside.group.lost();
        let stays = tokio::time::timeout(Duration::from_secs(9), aside.gone(&other));
        assert!(stays.await.is_err(), "who is not in the group does not follow it");
        let unseen = InterfaceMonitor { any: false, ..looks(vec![vec![], vec![], vec![group(7)]]) };
        unseen.group.here(group(49).addr);
        assert_eq!(unseen.back(&group(49)).await, group(7), "a phone that tells nothing is watched as ever");
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_when_there_is_one() {
        let start = tokio::time::Instant::now();
        assert_eq!(looks(vec![vec![], vec![], vec![group(7)]]).back(&group(49)).await, group(7));
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
