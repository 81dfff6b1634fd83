//! The phone's reports about a Wi-Fi group after it was made or joined.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldcast::WifiGroupMonitor;

use crate::FieldcastError;

/// The groups of one Fieldcast instance. Only the last group that was made or joined is current.
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

    /// Prepares for a group that is about to be made or joined.
    pub(crate) fn begin(self: &Arc<Self>) -> Arc<GroupChanges> {
        let mut numbers = self.numbers();
        numbers.last += 1;
        Arc::new(GroupChanges { groups: self.clone(), number: numbers.last, early: Mutex::default() })
    }

    /// The group was left.
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

/// Receives changes of one group. It can be called from any thread and never blocks. Sessions in the group react at
/// once. It ignores all changes after the group was left or another group was made or joined.
#[derive(Debug, uniffi::Object)]
pub struct GroupChanges {
    groups: Arc<Groups>,
    number: u64,
    /// The last change that was reported before the group was ready.
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
    /// Reports that the group is lost. It may come back.
    ///
    /// # Errors
    /// None.
    pub fn lost(&self) -> Result<(), FieldcastError> {
        self.take(None);
        Ok(())
    }

    /// Reports that the group is available, or available again, with this address of the device.
    ///
    /// # Errors
    /// None.
    pub fn here(&self, address: IpAddr) -> Result<(), FieldcastError> {
        self.take(Some(address));
        Ok(())
    }
}
