//! The event bus of jobs and sessions. A slow subscriber misses old events; it never slows down the work.

use std::sync::{Arc, Mutex};

use tokio::sync::broadcast;

use crate::task::locked;

/// How many events a subscriber may fall behind before it misses the oldest.
const BACKLOG: usize = 1024;

/// Publishes the events of a job or session. Cheap to clone.
#[derive(Debug)]
pub(crate) struct EventBus<E> {
    events: broadcast::Sender<E>,
    /// The first subscription. It starts with the job, because the caller can subscribe only after the job has started.
    first: Arc<Mutex<Option<broadcast::Receiver<E>>>>,
}

impl<E: Clone> EventBus<E> {
    pub(crate) fn new() -> Self {
        let (events, first) = broadcast::channel(BACKLOG);
        Self { events, first: Arc::new(Mutex::new(Some(first))) }
    }

    /// Sends an event to all subscribers; never waits.
    pub(crate) fn publish(&self, event: E) {
        let _no_subscriber_is_fine = self.events.send(event);
    }

    /// The events from now on. The first subscriber gets all events since the start.
    pub(crate) fn subscribe(&self) -> Subscription<E> {
        let first = locked(&self.first).take();
        Subscription(first.unwrap_or_else(|| self.events.subscribe()))
    }
}

impl<E> Clone for EventBus<E> {
    fn clone(&self) -> Self {
        Self { events: self.events.clone(), first: self.first.clone() }
    }
}

/// The events of one job or session from the moment of subscribing. The first subscription gets all events since the
/// start. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription<E>(broadcast::Receiver<E>);

impl<E: Clone> Subscription<E> {
    /// The next event; `None` after the job or session is over and all events were read.
    pub async fn next(&mut self) -> Option<E> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {} // too slow: continue with the oldest event
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn gives_first_subscriber_every_event() {
        let bus = EventBus::new();
        bus.publish(1);
        let (mut first, mut second) = (bus.clone().subscribe(), bus.subscribe());
        bus.publish(2);
        drop(bus);
        assert_eq!((first.next().await, first.next().await, first.next().await), (Some(1), Some(2), None));
        assert_eq!((second.next().await, second.next().await), (Some(2), None));
    }

    #[tokio::test]
    async fn drops_old_events_for_slow_subscriber() {
        let bus = EventBus::new();
        let mut slow = bus.subscribe();
        (0..5 * BACKLOG).for_each(|event| bus.publish(event));
        drop(bus);
        assert_eq!(slow.next().await, Some(4 * BACKLOG));
        let mut last = None;
        while let Some(event) = slow.next().await {
            last = Some(event);
        }
        assert_eq!(last, Some(5 * BACKLOG - 1));
    }
}
