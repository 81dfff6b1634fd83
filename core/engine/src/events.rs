//! Events out: what changed. A subscriber that reads slowly misses old events; it never slows the work.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

/// How many events a subscriber may fall behind before it misses the oldest.
const BACKLOG: usize = 1024;

/// Where a job or session tells what changed. Cheap to clone.
#[derive(Debug)]
pub(crate) struct EventBus<E> {
    events: broadcast::Sender<E>,
    /// For the first to subscribe, who cannot do so before there is anything to subscribe to.
    first: Arc<Mutex<Option<broadcast::Receiver<E>>>>,
}

impl<E: Clone> EventBus<E> {
    pub(crate) fn new() -> Self {
        let (events, first) = broadcast::channel(BACKLOG);
        Self { events, first: Arc::new(Mutex::new(Some(first))) }
    }

    /// Tells all subscribers; never waits.
    pub(crate) fn publish(&self, event: E) {
        let _no_subscriber_is_fine = self.events.send(event);
    }

    /// What is told from now on; to the first who asks, from the beginning.
    pub(crate) fn subscribe(&self) -> Subscription<E> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        Subscription(first.unwrap_or_else(|| self.events.subscribe()))
    }
}

impl<E> Clone for EventBus<E> {
    fn clone(&self) -> Self {
        Self { events: self.events.clone(), first: self.first.clone() }
    }
}

/// The events of one job or session, from the moment of subscribing; the first subscription's from the beginning. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription<E>(broadcast::Receiver<E>);

impl<E: Clone> Subscription<E> {
    /// The next event; `None` once the job or session is over and all was read.
    pub async fn next(&mut self) -> Option<E> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {} // too slow: go on with the oldest event still there
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_to_subscribe_misses_nothing() {
        let announcer = EventBus::new();
        announcer.publish(1);
        let (mut first, mut second) = (announcer.clone().subscribe(), announcer.subscribe());
        announcer.publish(2);
        drop(announcer);
        assert_eq!((first.next().await, first.next().await, first.next().await), (Some(1), Some(2), None));
        assert_eq!((second.next().await, second.next().await), (Some(2), None));
    }

    #[tokio::test]
    async fn a_slow_subscriber_misses_old_events_and_holds_nobody_up() {
        let announcer = EventBus::new();
        let mut slow = announcer.subscribe();
        (0..5 * BACKLOG).for_each(|event| announcer.publish(event));
        drop(announcer);
        assert_eq!(slow.next().await, Some(4 * BACKLOG));
        let mut last = None;
        while let Some(event) = slow.next().await {
            last = Some(event);
        }
        assert_eq!(last, Some(5 * BACKLOG - 1));
    }
}
