//! The history: what came of each exchange, and the receipts of those that were saved.

use fieldcast_model::Fingerprint;
use fieldcast_net::Identity;
use fieldcast_store::{Exchange, ExchangeResult, ExchangeRole, Store};
use fieldcast_wire::{ComparisonResult, EndReason, Receipt};

use crate::{receipts, task};

/// An exchange that is over, and whether its receipt holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastExchange {
    /// What is remembered of it.
    pub exchange: Exchange,
    /// Whether the receiver's signature is right for what is remembered; `None` if it was not saved, so has no receipt.
    pub receipt: Option<bool>,
    /// How the receiver's data compared with each offered snapshot, as the receipt says; none if it was not saved.
    pub comparisons: Vec<ComparisonResult>,
}

/// How an exchange ended, as it is kept.
pub(crate) fn result(outcome: Result<&Receipt, &EndReason>) -> ExchangeResult {
    match outcome {
        Ok(receipt) => ExchangeResult::Saved {
            receipt: receipt.encode(),
            digests: receipt.saved.iter().map(|saved| saved.digest).collect(),
        },
        Err(reason) => ExchangeResult::Ended { code: reason.code().to_owned(), reason: reason.to_string() },
    }
}

/// Keeps an exchange that is over; see [`Store::add_exchange`]. What was saved is saved whether or not this works.
pub(crate) async fn keep(store: &Store, exchange: Exchange, goes_on: bool) {
    let store = store.clone();
    let kept = task::blocking(move || store.add_exchange(&exchange, goes_on));
    if let Err(error) = kept.await.and_then(|kept| Ok(kept?)) {
        tracing::warn!(%error, "an exchange is missing in the history");
    }
}

/// Verifies the receipt of an exchange of the device with this key. Blocks.
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
    // The key must be that of the device the row names.
    let is_peers = exchange.peer_key.is_some_and(|key| fieldcast_net::fingerprint_of(&key) == exchange.peer);
    is_peers && receipts::holds(receipt, &receiver, &distributor, &exchange.offered)
}
