//! What the phone tells of its Wi-Fi group, for sessions that are in it.
//!
//! Interfaces that come and go are looked at in any case; but an interface may outlive its group for long, come back under
//! another name, or with the very address it had. Who has made the group hears of that at once.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::watch;

/// How many addresses of the past are remembered.
const MOST_PAST: usize = 16;

/// News of the phone's Wi-Fi group, for any number of sessions. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct WifiGroupMonitor(Arc<watch::Sender<Group>>);

#[derive(Debug, Default)]
struct Group {
    /// This device's address in it; `None` while it is lost.
    now: Option<IpAddr>,
    /// Every address it had here, the newest last.
    past: VecDeque<IpAddr>,
    losses: u64,
}

impl Default for WifiGroupMonitor {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl WifiGroupMonitor {
    /// The group is there, and this is the device's address in it. Sessions that are or were in it go on there, whatever
    /// the interface is called.
    pub fn here(&self, addr: IpAddr) {
        self.0.send_if_modified(|group| {
            if group.now == Some(addr) {
                return false;
            }
            group.now = Some(addr);
            group.past.retain(|past| *past != addr);
            group.past.push_back(addr);
            if group.past.len() > MOST_PAST {
                group.past.pop_front();
            }
            true
        });
    }

    /// The group is lost. Sessions in it wait until it is [`here`](Self::here) again, or an interface comes in its place.
    pub fn lost(&self) {
        self.0.send_if_modified(|group| {
            let was_there = group.now.take().is_some();
            group.losses += u64::from(was_there);
            was_there
        });
    }

    /// The group was left. What becomes of its interface is seen in the interfaces alone, and its addresses are as any other.
    pub fn left(&self) {
        self.0.send_modify(|group| {
            group.now = None;
            group.past.clear();
        });
    }

    /// Where the group is now, if it ever had this address here.
    pub(crate) fn of(&self, addr: IpAddr) -> Option<Option<IpAddr>> {
        let group = self.0.borrow();
        group.past.contains(&addr).then_some(group.now)
    }

    /// Follows the group that has this address.
    pub(crate) fn follow(&self, addr: IpAddr) -> Following {
        let group = self.0.subscribe();
        let losses = group.borrow().losses;
        Following { group, addr, losses }
    }
}

/// One session's eye on the group.
pub(crate) struct Following {
    group: watch::Receiver<Group>,
    addr: IpAddr,
    losses: u64,
}

impl Following {
    /// Waits for the next news.
    pub(crate) async fn changed(&mut self) {
        if self.group.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether the group has left this address since, even if it is back.
    pub(crate) fn has_left(&self) -> bool {
        let group = self.group.borrow();
        group.past.contains(&self.addr) && (group.losses != self.losses || group.now != Some(self.addr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(third: u8) -> IpAddr {
        [192, 168, third, 1].into()
    }

    #[test]
    fn an_address_is_the_groups_once_it_was_told_and_the_oldest_are_forgotten() {
        let news = WifiGroupMonitor::default();
        assert_eq!(news.of(at(1)), None);
        news.here(at(1));
        assert_eq!(news.of(at(1)), Some(Some(at(1))));
        news.lost();
        assert_eq!(news.of(at(1)), Some(None));
        for third in 2..=17 {
            news.here(at(third));
        }
        assert_eq!((news.of(at(1)), news.of(at(2))), (None, Some(Some(at(17)))));
    }

    #[test]
    fn what_was_left_is_nobodys() {
        let news = WifiGroupMonitor::default();
        news.here(at(1));
        let session = news.follow(at(1));
        news.left();
        assert!(!session.has_left());
        assert_eq!(news.of(at(1)), None);
    }

    #[test]
    fn who_was_lost_and_is_back_with_the_same_address_has_left_it_all_the_same() {
        let news = WifiGroupMonitor::default();
        news.here(at(1));
        let (there, elsewhere) = (news.follow(at(1)), news.follow(at(9)));
        assert!(!there.has_left());
        news.lost();
        news.here(at(1));
        assert!(there.has_left() && !elsewhere.has_left());
        assert!(!news.follow(at(1)).has_left());
    }
}
