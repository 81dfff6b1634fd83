//! The history: the result of each exchange, and the receipts of saved exchanges.

use fieldcast_model::Fingerprint;
use fieldcast_net::Identity;
use fieldcast_store::{Exchange, ExchangeResult, ExchangeRole, Store};
use fieldcast_wire::{ComparisonResult, EndReason, Receipt};

use super::receipts;
use crate::task::on_store;

/// A finished exchange, and whether its receipt is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastExchange {
    /// The stored exchange.
    pub exchange: Exchange,
    /// Whether the receiver's signature matches the stored exchange; `None` if the exchange was not saved and has no
    /// receipt.
    pub receipt: Option<bool>,
    /// How the receiver's data compared with each offered snapshot, from the receipt; empty if the exchange was not
    /// saved.
    pub comparisons: Vec<ComparisonResult>,
}

/// The result of an exchange in the form for the store.
pub(crate) fn result(outcome: Result<&Receipt, &EndReason>) -> ExchangeResult {
    match outcome {
        Ok(receipt) => ExchangeResult::Saved {
            receipt: receipt.encode(),
            digests: receipt.saved.iter().map(|saved| saved.digest).collect(),
        },
        Err(reason) => ExchangeResult::Ended { code: reason.code().to_owned(), reason: reason.to_string() },
    }
}

/// Stores a finished exchange; see [`Store::add_exchange`]. Saved data stays saved even if this fails.
pub(crate) async fn keep(store: &Store, exchange: Exchange, is_resumed: bool) {
    if let Err(error) = on_store(store, move |store| store.add_exchange(&exchange, is_resumed)).await {
        tracing::warn!(%error, "an exchange is missing in the history");
    }
}

/// Verifies the receipt of an exchange. `own` is the identity of this device. Blocks.
pub(crate) fn check(own: &Identity, exchange: Exchange) -> PastExchange {
    let ExchangeResult::Saved { receipt, .. } = &exchange.result else {
        return PastExchange { exchange, receipt: None, comparisons: Vec::new() };
    };
    let receipt = Receipt::decode(receipt);
    let is_right = receipt.as_ref().is_some_and(|receipt| is_right(own, &exchange, receipt));
    let comparisons = receipt.map(|receipt| receipt.saved.iter().map(|saved| saved.comparison).collect());
    PastExchange { exchange, receipt: Some(is_right), comparisons: comparisons.unwrap_or_default() }
}

fn is_right(own: &Identity, exchange: &Exchange, receipt: &Receipt) -> bool {
    let parties: (Fingerprint, Option<[u8; 32]>) = match exchange.role {
        ExchangeRole::Sent => (own.fingerprint(), exchange.peer_key),
        ExchangeRole::Received => (exchange.peer, Some(own.public_key())),
    };
    let (distributor, Some(receiver)) = parties else { return false };
    // The key must belong to the device that the row names.
    let is_peers = exchange.peer_key.is_some_and(|key| fieldcast_net::fingerprint_of(&key) == exchange.peer);
    is_peers && receipts::holds(receipt, &receiver, &distributor, &exchange.offered)
}
