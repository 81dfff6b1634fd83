//! A receiver takes part in one exchange at a time.

use fieldcast_model::Fingerprint;

use crate::EndReason;

/// Which of a receiver's connections has the exchange. `K` identifies a connection.
///
/// Another distributor has to come later. The same distributor connects again because it has noticed first that its
/// connection is lost: the new connection supersedes the old one, and waits if the old one still applies.
#[derive(Debug)]
pub struct ExchangeSlot<K> {
    holder: Option<(K, Fingerprint)>,
    waiting: Option<K>,
}

impl<K> Default for ExchangeSlot<K> {
    fn default() -> Self {
        Self { holder: None, waiting: None }
    }
}

impl<K: Copy + Eq> ExchangeSlot<K> {
    /// Requests the exchange for a connection with an offer. Returns the connections that it supersedes: treat them as
    /// lost. Afterwards [`Self::holder`] shows whether the connection has the exchange or waits.
    ///
    /// # Errors
    /// [`EndReason::Busy`] if another distributor has the exchange.
    pub fn request(&mut self, connection: K, distributor: Fingerprint) -> Result<Vec<K>, EndReason> {
        match self.holder {
            None => {
                self.holder = Some((connection, distributor));
                Ok(Vec::new())
            }
            Some((_, other)) if other != distributor => Err(EndReason::Busy),
            Some((holder, _)) => Ok([Some(holder), self.waiting.replace(connection)].into_iter().flatten().collect()),
        }
    }

    /// The connection that has the exchange.
    pub fn holder(&self) -> Option<K> {
        self.holder.map(|(connection, _)| connection)
    }

    /// A connection is over, and its apply too. Does nothing for a connection that neither has the exchange nor waits.
    pub fn release(&mut self, connection: K) {
        if self.waiting == Some(connection) {
            self.waiting = None;
        }
        if let Some((holder, distributor)) = self.holder
            && holder == connection
        {
            self.holder = self.waiting.take().map(|next| (next, distributor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASHA: Fingerprint = Fingerprint([1; 32]);
    const BELA: Fingerprint = Fingerprint([2; 32]);

    #[test]
    fn refuses_another_distributor_until_the_end() {
        let mut slot = ExchangeSlot::default();
        assert_eq!(slot.request(1, ASHA), Ok(vec![]));
        assert_eq!(slot.request(2, BELA), Err(EndReason::Busy));
        slot.release(2);
        assert_eq!(slot.holder(), Some(1));
        slot.release(1);
        assert_eq!((slot.request(3, BELA), slot.holder()), (Ok(vec![]), Some(3)));
    }

    #[test]
    fn supersedes_older_connections_of_the_same_distributor() {
        let mut slot = ExchangeSlot::default();
        assert_eq!(slot.request(1, ASHA), Ok(vec![]));
        assert_eq!(slot.request(2, ASHA), Ok(vec![1]));
        assert_eq!(slot.holder(), Some(1), "it may still apply");
        assert_eq!(slot.request(3, ASHA), Ok(vec![1, 2]));
        slot.release(2);
        slot.release(1);
        assert_eq!(slot.holder(), Some(3));
        slot.release(3);
        assert_eq!(slot.holder(), None);
    }
}
