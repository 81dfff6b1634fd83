//! The permit for the receiver's only exchange, and the order in which connections get it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use fieldcast_model::Fingerprint;
use fieldcast_wire::{EndReason, ExchangeSlot};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::task::locked;

/// The slot, shared by the connections of a session.
#[derive(Default)]
pub(super) struct SharedSlot {
    connections: Mutex<Connections>,
    /// The connection that has the exchange.
    holder: watch::Sender<Option<u64>>,
}

#[derive(Default)]
struct Connections {
    slot: ExchangeSlot<u64>,
    count: u64,
    /// Cancelled when the connection is superseded.
    superseded: HashMap<u64, CancellationToken>,
}

/// The permit of one connection. Dropping it gives the exchange to the next connection.
pub(super) struct SlotPermit {
    slot: Arc<SharedSlot>,
    connection: u64,
}

impl SharedSlot {
    /// Requests the exchange with this distributor. `superseded` is cancelled when the distributor connects again.
    pub(super) fn request(
        self: &Arc<Self>,
        distributor: Fingerprint,
        superseded: CancellationToken,
    ) -> Result<SlotPermit, EndReason> {
        let mut connections = locked(&self.connections);
        connections.count += 1;
        let connection = connections.count;
        for old in connections.slot.request(connection, distributor)? {
            if let Some(old) = connections.superseded.get(&old) {
                old.cancel();
            }
        }
        connections.superseded.insert(connection, superseded);
        self.holder.send_replace(connections.slot.holder());
        Ok(SlotPermit { slot: self.clone(), connection })
    }
}

impl SlotPermit {
    /// Waits until the connection has the exchange.
    pub(super) fn granted(&self) -> impl Future<Output = ()> + Send + use<> {
        let (mut holder, connection) = (self.slot.holder.subscribe(), self.connection);
        async move {
            let _closed_with_the_session = holder.wait_for(|holder| *holder == Some(connection)).await;
        }
    }
}

impl Drop for SlotPermit {
    fn drop(&mut self) {
        let mut connections = locked(&self.slot.connections);
        connections.superseded.remove(&self.connection);
        connections.slot.release(self.connection);
        self.slot.holder.send_replace(connections.slot.holder());
    }
}
