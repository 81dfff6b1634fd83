//! Monitors the network interface of a session. A Wi-Fi group that is formed again often has another subnet; the
//! session continues there.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fieldcast_net::{Interface, choose_again};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::wifi_group::WifiGroupMonitor;

/// How often to check that the interface still exists.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How a session finds another interface after its own has lost its address.
#[derive(Clone)]
pub struct InterfaceMonitor {
    /// Whether any interface that is automatically chosen and equally good is accepted; else it must have the same
    /// name.
    pub any: bool,
    /// How often to check. An interface that is missing in two checks and has no replacement is lost.
    pub poll_interval: Duration,
    /// Lists the interfaces of the device.
    pub interfaces: Arc<dyn Fn() -> Vec<Interface> + Send + Sync>,
    /// The state of the Wi-Fi group, as the phone reports it.
    pub group: WifiGroupMonitor,
}

impl Default for InterfaceMonitor {
    fn default() -> Self {
        let interfaces = Arc::new(fieldcast_net::interfaces);
        Self { any: false, poll_interval: POLL_INTERVAL, interfaces, group: WifiGroupMonitor::default() }
    }
}

impl fmt::Debug for InterfaceMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterfaceMonitor").field("any", &self.any).finish_non_exhaustive()
    }
}

impl InterfaceMonitor {
    /// Waits until the interface is lost, or another has replaced it.
    pub(crate) async fn lost(&self, last: &Interface) {
        let mut was_missing = false;
        let mut group = self.group.watch(last.addr);
        while !group.has_left() {
            tokio::select! {
                () = tokio::time::sleep(self.poll_interval) => {}
                () = group.changed() => continue,
            }
            match self.next(last) {
                Some(found) if found == *last => was_missing = false,
                // Wi-Fi that is out of range for a moment comes back with the same address, and connections stay alive.
                None if !was_missing => was_missing = true,
                _ => return,
            }
        }
    }

    /// Waits until there is an interface to continue on.
    pub(crate) async fn available(&self, last: &Interface) -> Interface {
        let mut group = self.group.watch(last.addr);
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

    /// The interface to continue on: the group's, if `last` belonged to the group and the group is available.
    fn next(&self, last: &Interface) -> Option<Interface> {
        let mut found = (self.interfaces)();
        if let Some(now) = self.group.current(last.addr) {
            if let Some(at) = found.iter().position(|one| Some(one.addr) == now) {
                return Some(found.swap_remove(at));
            }
            found.retain(|one| one.addr != last.addr || now == Some(last.addr));
        }
        choose_again(found, last, self.any)
    }
}

/// A change of a session's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkChange {
    /// The interface has lost its address. The session searches for it or for a replacement.
    Lost {
        /// The interface's name.
        name: String,
    },
    /// The session continues on this interface.
    Available {
        /// The interface.
        interface: Interface,
        /// The address on which the session listens now.
        addr: SocketAddr,
    },
}

/// A network that is available.
#[derive(Clone, Debug)]
pub(crate) struct ActiveNetwork {
    pub(crate) interface: Interface,
    /// The address on which the session listens.
    pub(crate) addr: SocketAddr,
    /// Cancelled when the network is lost. Then every connection on it is lost too, even if the connection has not
    /// noticed.
    pub(crate) ended: CancellationToken,
}

/// The current network of a session, if there is one.
#[derive(Debug)]
pub(crate) struct NetworkState(watch::Sender<Option<ActiveNetwork>>);

impl NetworkState {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(crate) fn current(&self) -> Option<ActiveNetwork> {
        self.0.borrow().clone()
    }

    /// The session listens on this address of the interface.
    pub(crate) fn begin(&self, interface: Interface, addr: SocketAddr) -> ActiveNetwork {
        let network = ActiveNetwork { interface, addr, ended: CancellationToken::new() };
        self.0.send_replace(Some(network.clone()));
        network
    }

    pub(crate) fn end(&self) {
        if let Some(network) = self.0.send_replace(None) {
            network.ended.cancel();
        }
    }

    /// Waits for a network; pends forever after the session is over.
    pub(crate) async fn available(&self) -> ActiveNetwork {
        let mut changes = self.0.subscribe();
        match changes.wait_for(Option::is_some).await.map(|network| network.clone()) {
            Ok(Some(network)) => network,
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

    /// The interfaces at each check; the last entry repeats.
    fn at_each_check(looks: Vec<Vec<Interface>>) -> InterfaceMonitor {
        let looks = Mutex::new(VecDeque::from(looks));
        let next = move || {
            let mut looks = looks.lock().unwrap();
            if looks.len() > 1 { looks.pop_front().unwrap() } else { looks[0].clone() }
        };
        InterfaceMonitor { any: true, interfaces: Arc::new(next), ..InterfaceMonitor::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn ignores_interface_missing_for_a_moment() {
        let (here, nothing) = (vec![group(49)], vec![]);
        let start = tokio::time::Instant::now();
        at_each_check(vec![nothing.clone(), here.clone(), nothing.clone(), here, nothing]).lost(&group(49)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(6), "missing in two checks in a row");
    }

    #[tokio::test(start_paused = true)]
    async fn detects_replacement_interface_at_once() {
        let start = tokio::time::Instant::now();
        at_each_check(vec![vec![group(49)], vec![group(7)]]).lost(&group(49)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn follows_reported_group_at_once() {
        let start = tokio::time::Instant::now();
        let elsewhere = Interface { name: "p2p-wlan0-9".to_owned(), ..group(7) };
        let monitor = InterfaceMonitor { any: false, ..at_each_check(vec![vec![group(49), elsewhere.clone()]]) };
        monitor.group.here(group(49).addr);
        let follow = async {
            monitor.lost(&group(49)).await;
            monitor.available(&group(49)).await
        };
        let tell = async {
            monitor.group.lost();
            tokio::time::sleep(Duration::from_secs(100)).await; // the old interface still exists but is ignored
            monitor.group.here(elsewhere.addr);
        };
        let (next, ()) = tokio::join!(follow, tell);
        assert_eq!((next, start.elapsed()), (elsewhere.clone(), Duration::from_secs(100)));
        let other = Interface { name: "wlan0".to_owned(), ..group(1) };
        let aside = at_each_check(vec![vec![other.clone()]]);
        aside.group.here(group(49).addr);
        aside.group.lost();
        let stays = tokio::time::timeout(Duration::from_secs(9), aside.lost(&other));
        assert!(stays.await.is_err(), "a session outside the group does not follow it");
        let unseen = InterfaceMonitor { any: false, ..at_each_check(vec![vec![], vec![], vec![group(7)]]) };
        unseen.group.here(group(49).addr);
        assert_eq!(unseen.available(&group(49)).await, group(7), "without reports the interfaces are polled");
    }

    #[tokio::test(start_paused = true)]
    async fn continues_when_an_interface_appears() {
        let start = tokio::time::Instant::now();
        assert_eq!(at_each_check(vec![vec![], vec![], vec![group(7)]]).available(&group(49)).await, group(7));
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
