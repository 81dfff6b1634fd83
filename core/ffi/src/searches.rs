//! Orders to the phone's service discovery, on a thread of its own: however long it takes, and whatever it throws, no
//! session waits for it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fieldcast::{Discovery, Findings, Service};

use crate::runtime::thread;
use crate::{FieldcastError, LocalService, PeerDiscovery, PeerSightings};

enum Order {
    Start(u64, LocalService, Arc<PeerSightings>),
    Stop(u64),
}

/// Orders that wait. A search that is stopped before it began leaves none, so there are no more than searches go on.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    orders: VecDeque<Order>,
    is_closed: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, order: Order) {
        let mut state = self.state();
        if let Order::Stop(search) = order {
            let before = state.orders.len();
            state.orders.retain(|order| !matches!(order, Order::Start(other, ..) if *other == search));
            if state.orders.len() < before {
                return;
            }
        }
        state.orders.push_back(order);
        drop(state);
        self.changed.notify_one();
    }

    /// Waits for the next order; `None` when no more can come. Blocks.
    fn next(&self) -> Option<Order> {
        let mut state = self.state();
        loop {
            if let Some(order) = state.orders.pop_front() {
                return Some(order);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Who may still give orders; with the last of them the thread ends.
struct Orders(Arc<Queue>);

impl Drop for Orders {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.changed.notify_one();
    }
}

/// The phone's service discovery, as the engine wants it.
pub(crate) struct Searches {
    orders: Arc<Orders>,
    last: AtomicU64,
}

impl fmt::Debug for Searches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the phone's service discovery")
    }
}

impl Searches {
    pub(crate) fn over(port: Arc<dyn PeerDiscovery>) -> Result<Self, FieldcastError> {
        let queue = Arc::new(Queue::default());
        let orders = Arc::new(Orders(queue.clone()));
        let obey = move || {
            while let Some(order) = queue.next() {
                let done = match order {
                    Order::Start(search, service, sightings) => port.start(search, service, sightings),
                    Order::Stop(search) => port.stop(search),
                };
                if let Err(error) = done {
                    tracing::warn!(%error, "the phone's own search for devices");
                }
            }
        };
        thread("fieldcast-peers", obey)?;
        Ok(Self { orders, last: AtomicU64::new(0) })
    }
}

impl Discovery for Searches {
    fn start(&self, service: Service, findings: Findings) -> Box<dyn Send + Sync> {
        let Service { kind, name, txt, port, interface } = service;
        let service = LocalService { kind, name, txt: txt.into_iter().collect(), port, interface };
        let search = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.orders.0.put(Order::Start(search, service, Arc::new(PeerSightings(findings))));
        Box::new(Running { search, orders: self.orders.clone() })
    }
}

/// A search until it is dropped.
struct Running {
    search: u64,
    orders: Arc<Orders>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.orders.0.put(Order::Stop(self.search));
    }
}
