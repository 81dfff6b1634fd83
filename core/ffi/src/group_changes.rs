//! What the phone's link tells of a group after it was made or joined.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldcast::WifiGroupMonitor;

use crate::FieldcastError;

/// The groups of one Fieldcast, of which one counts: the last that was made or joined.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) news: WifiGroupMonitor,
    numbers: Mutex<Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    last: u64,
    current: u64,
}

impl Groups {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a group that is about to be made or joined.
    pub(crate) fn begin(self: &Arc<Self>) -> Arc<GroupChanges> {
        let mut numbers = self.numbers();
        numbers.last += 1;
        Arc::new(GroupChanges { groups: self.clone(), number: numbers.last, early: Mutex::default() })
    }

    /// It was left.
    pub(crate) fn left(&self) {
        self.numbers().current = 0;
        self.news.left();
    }

    fn tell(&self, now: Option<IpAddr>) {
        match now {
            Some(addr) => self.news.here(addr),
            None => self.news.lost(),
        }
    }
}

/// Takes news of one group, from any thread, and never waits. Sessions in the group follow at once. Nothing is taken any
/// more once the group was left or another made or joined.
#[derive(Debug, uniffi::Object)]
pub struct GroupChanges {
    groups: Arc<Groups>,
    number: u64,
    /// What was told before making or joining it was through.
    early: Mutex<Option<Option<IpAddr>>>,
}

impl GroupChanges {
    /// The group was made or joined, with this address.
    pub(crate) fn begun(&self, addr: IpAddr) {
        let mut numbers = self.groups.numbers();
        numbers.current = self.number;
        let early = self.early.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.groups.tell(early.unwrap_or(Some(addr)));
    }

    fn take(&self, now: Option<IpAddr>) {
        let numbers = self.groups.numbers();
        if numbers.current == self.number {
            self.groups.tell(now);
        } else {
            *self.early.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
    }
}

#[uniffi::export]
impl GroupChanges {
    /// The group is lost. It may come back.
    ///
    /// # Errors
    /// None.
    pub fn lost(&self) -> Result<(), FieldcastError> {
        self.take(None);
        Ok(())
    }

    /// The group is there, or is back, and this is the device's address in it.
    ///
    /// # Errors
    /// None.
    pub fn here(&self, address: IpAddr) -> Result<(), FieldcastError> {
        self.take(Some(address));
        Ok(())
    }
}
