//! Calls the phone's service discovery on a separate thread. A slow or failing discovery blocks no session.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fieldcast::{Discovery, DiscoverySink, Service};

use crate::runtime::thread;
use crate::{FieldcastError, LocalService, PeerDiscovery, PeerDiscoverySink};

enum SearchCommand {
    Start(u64, LocalService, Arc<PeerDiscoverySink>),
    Stop(u64),
}

/// Waiting commands. A search that is stopped before it has started leaves no command, so the queue is never longer
/// than the number of running searches.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    commands: VecDeque<SearchCommand>,
    is_closed: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, order: SearchCommand) {
        let mut state = self.state();
        if let SearchCommand::Stop(search) = order {
            let before = state.commands.len();
            state.commands.retain(|order| !matches!(order, SearchCommand::Start(other, ..) if *other == search));
            if state.commands.len() < before {
                return;
            }
        }
        state.commands.push_back(order);
        drop(state);
        self.changed.notify_one();
    }

    /// Waits for the next command; `None` when no more can come. Blocks.
    fn next(&self) -> Option<SearchCommand> {
        let mut state = self.state();
        loop {
            if let Some(order) = state.commands.pop_front() {
                return Some(order);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The right to send commands. The thread ends when the last copy is dropped.
struct Orders(Arc<Queue>);

impl Drop for Orders {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.changed.notify_one();
    }
}

/// The phone's service discovery, in the form that the engine needs.
pub(crate) struct Searches {
    commands: Arc<Orders>,
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
        let commands = Arc::new(Orders(queue.clone()));
        let obey = move || {
            while let Some(order) = queue.next() {
                let done = match order {
                    SearchCommand::Start(search, service, sightings) => port.start(search, service, sightings),
                    SearchCommand::Stop(search) => port.stop(search),
                };
                if let Err(error) = done {
                    tracing::warn!(%error, "the phone's own service discovery failed");
                }
            }
        };
        thread("fieldcast-peers", obey)?;
        Ok(Self { commands, last: AtomicU64::new(0) })
    }
}

impl Discovery for Searches {
    fn start(&self, service: Service, findings: DiscoverySink) -> Box<dyn Send + Sync> {
        let Service { kind, name, txt, port, interface } = service;
        let service = LocalService { kind, name, txt: txt.into_iter().collect(), port, interface };
        let search = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.commands.0.put(SearchCommand::Start(search, service, Arc::new(PeerDiscoverySink(findings))));
        Box::new(Running { search, commands: self.commands.clone() })
    }
}

/// A running search. Dropping it stops the search.
struct Running {
    search: u64,
    commands: Arc<Orders>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.commands.0.put(SearchCommand::Stop(self.search));
    }
}
