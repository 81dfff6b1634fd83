//! The state of the phone's Wi-Fi group, for sessions on it.
//!
//! Sessions also poll the interfaces. But an interface may stay for a long time after its group, or come back under
//! another name or with the same address. The app that created the group reports such changes at once.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::watch;

/// The maximum number of earlier addresses that are kept.
const MAX_ADDRESSES: usize = 16;

/// Reports of the phone's Wi-Fi group, for any number of sessions. Cheap to clone; all clones share one state.
#[derive(Clone, Debug)]
pub struct WifiGroupMonitor(Arc<watch::Sender<GroupAddresses>>);

#[derive(Debug, Default)]
struct GroupAddresses {
    /// This device's address in the group; `None` while the group is lost.
    now: Option<IpAddr>,
    /// Every address it had in the group, newest last.
    history: VecDeque<IpAddr>,
    losses: u64,
}

impl Default for WifiGroupMonitor {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl WifiGroupMonitor {
    /// Reports that the group is available with this address of the device. Sessions on the group continue there,
    /// whatever the name of the interface.
    pub fn here(&self, addr: IpAddr) {
        self.0.send_if_modified(|group| {
            if group.now == Some(addr) {
                return false;
            }
            group.now = Some(addr);
            group.history.retain(|known| *known != addr);
            group.history.push_back(addr);
            if group.history.len() > MAX_ADDRESSES {
                group.history.pop_front();
            }
            true
        });
    }

    /// Reports that the group is lost. Sessions on it wait until it is [`here`](Self::here) again, or another interface
    /// replaces it.
    pub fn lost(&self) {
        self.0.send_if_modified(|group| {
            let was_there = group.now.take().is_some();
            group.losses += u64::from(was_there);
            was_there
        });
    }

    /// Reports that the device left the group. From now on its interface and its addresses are handled as any others.
    pub fn left(&self) {
        self.0.send_modify(|group| {
            group.now = None;
            group.history.clear();
        });
    }

    /// The group's current address, if it ever had this address; the inner `None` means that the group is lost.
    pub(crate) fn current(&self, addr: IpAddr) -> Option<Option<IpAddr>> {
        let group = self.0.borrow();
        group.history.contains(&addr).then_some(group.now)
    }

    /// Follows the group that has this address.
    pub(crate) fn watch(&self, addr: IpAddr) -> GroupWatch {
        let group = self.0.subscribe();
        let losses = group.borrow().losses;
        GroupWatch { group, addr, losses }
    }
}

/// The view of one session on the group.
pub(crate) struct GroupWatch {
    group: watch::Receiver<GroupAddresses>,
    addr: IpAddr,
    losses: u64,
}

impl GroupWatch {
    /// Waits for the next report.
    pub(crate) async fn changed(&mut self) {
        if self.group.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether the group has left this address since then, even if it is back.
    pub(crate) fn has_left(&self) -> bool {
        let group = self.group.borrow();
        group.history.contains(&self.addr) && (group.losses != self.losses || group.now != Some(self.addr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(third: u8) -> IpAddr {
        [192, 168, third, 1].into()
    }

    #[test]
    fn remembers_only_recent_group_addresses() {
        let monitor = WifiGroupMonitor::default();
        assert_eq!(monitor.current(at(1)), None);
        monitor.here(at(1));
        assert_eq!(monitor.current(at(1)), Some(Some(at(1))));
        monitor.lost();
        assert_eq!(monitor.current(at(1)), Some(None));
        for third in 2..=17 {
            monitor.here(at(third));
        }
        assert_eq!((monitor.current(at(1)), monitor.current(at(2))), (None, Some(Some(at(17)))));
    }

    #[test]
    fn forgets_addresses_of_a_left_group() {
        let monitor = WifiGroupMonitor::default();
        monitor.here(at(1));
        let session = monitor.watch(at(1));
        monitor.left();
        assert!(!session.has_left());
        assert_eq!(monitor.current(at(1)), None);
    }

    #[test]
    fn reports_loss_even_if_same_address_returns() {
        let monitor = WifiGroupMonitor::default();
        monitor.here(at(1));
        let (there, elsewhere) = (monitor.watch(at(1)), monitor.watch(at(9)));
        assert!(!there.has_left());
        monitor.lost();
        monitor.here(at(1));
        assert!(there.has_left() && !elsewhere.has_left());
        assert!(!monitor.watch(at(1)).has_left());
    }
}
