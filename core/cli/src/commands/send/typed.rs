//! Addresses from the arguments: tries each one until a receiver answers.

use std::net::SocketAddr;
use std::time::Duration;

use fieldcast::{EndReason, Error, FoundPeer, OfferSession};
use tokio::task::JoinSet;

use crate::text::safe;

/// Pause between two attempts at an address.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

type Attempt = (SocketAddr, Result<FoundPeer, Error>);

/// The addresses that have not answered yet.
#[derive(Debug, Default)]
pub(super) struct TypedAddresses(JoinSet<Attempt>);

impl TypedAddresses {
    pub(super) fn search(session: &OfferSession, addresses: &[SocketAddr]) -> Self {
        let mut this = Self::default();
        addresses.iter().for_each(|addr| this.dial(session, *addr, Duration::ZERO));
        this
    }

    /// The next receiver that answers, or the reason why another attempt cannot succeed.
    pub(super) async fn next(&mut self, session: &OfferSession) -> (SocketAddr, Result<FoundPeer, String>) {
        loop {
            match self.0.join_next().await {
                Some(Ok((addr, Ok(peer)))) => return (addr, Ok(peer)),
                // The receiver is out of reach, or still in another handshake.
                Some(Ok((addr, Err(Error::Network(_) | Error::Refused(EndReason::Lost))))) => {
                    self.dial(session, addr, RETRY_INTERVAL)
                }
                Some(Ok((addr, Err(error)))) => return (addr, Err(safe(&error.to_string()))),
                Some(Err(_)) => {} // only when the runtime stops
                None => std::future::pending().await,
            }
        }
    }

    fn dial(&mut self, session: &OfferSession, addr: SocketAddr, delay: Duration) {
        let attempt = session.find_at(addr);
        self.0.spawn(async move {
            tokio::time::sleep(delay).await;
            (addr, attempt.await)
        });
    }
}
