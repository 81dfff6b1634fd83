//! Addresses that were typed: asked who is there until somebody answers.

use std::net::SocketAddr;
use std::time::Duration;

use fieldcast::{EndReason, Error, FoundPeer, OfferSession};
use tokio::task::JoinSet;

use crate::text::safe;

/// Between one call to an address and the next.
const PAUSE: Duration = Duration::from_secs(1);

type Looked = (SocketAddr, Result<FoundPeer, Error>);

/// The addresses nobody has answered at yet.
#[derive(Debug, Default)]
pub(super) struct TypedAddresses(JoinSet<Looked>);

impl TypedAddresses {
    pub(super) fn look(session: &OfferSession, addresses: &[SocketAddr]) -> Self {
        let mut this = Self::default();
        addresses.iter().for_each(|addr| this.ask(session, *addr, Duration::ZERO));
        this
    }

    /// The next who has answered, or why it is of no use to ask there again.
    pub(super) async fn next(&mut self, session: &OfferSession) -> (SocketAddr, Result<FoundPeer, String>) {
        loop {
            match self.0.join_next().await {
                Some(Ok((addr, Ok(peer)))) => return (addr, Ok(peer)),
                // Out of reach for now, or busy with its first words.
                Some(Ok((addr, Err(Error::Network(_) | Error::Refused(EndReason::Lost))))) => {
                    self.ask(session, addr, PAUSE)
                }
                Some(Ok((addr, Err(error)))) => return (addr, Err(safe(&error.to_string()))),
                Some(Err(_)) => {} // only at the very end
                None => std::future::pending().await,
            }
        }
    }

    fn ask(&mut self, session: &OfferSession, addr: SocketAddr, pause: Duration) {
        let look = session.find_at(addr);
        self.0.spawn(async move {
            tokio::time::sleep(pause).await;
            (addr, look.await)
        });
    }
}
