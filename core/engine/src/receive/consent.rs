//! The checks before anything is written: whether the campaign allows the distributor, and whether the user has
//! accepted exactly this offer before.

use fieldcast_model::ServerTime;
use fieldcast_wire::{Credentials, EndReason, Held, Offer};

use super::apply;
use super::event::Sender;
use super::state::ReceiverState;
use crate::error::not_stored;
use crate::task::on_store;
use crate::trust::grants::Authorizer;
use crate::trust::provenance;
use crate::{Error, SourceDevice, clock};

/// An offer that may be accepted.
pub(super) struct AuthorizedOffer {
    /// The server's time, as this device knows it.
    pub(super) now: ServerTime,
    /// Whether the sender's key is trusted, so that no code is compared here.
    pub(super) is_trusted: bool,
    /// What the user is asked about: the sources of the data, and the offer with the names on this device. `None` if
    /// the user has accepted exactly this offer before.
    pub(super) question: Option<(Vec<SourceDevice>, Offer)>,
}

/// Checks an offer with this id.
pub(super) fn authorize(
    state: &ReceiverState,
    sender: &Sender,
    id: [u8; 32],
    offer: Offer,
    credentials: Credentials,
) -> impl Future<Output = Result<AuthorizedOffer, EndReason>> + use<> {
    let (trust, fingerprint, own) = (state.settings.trust.clone(), sender.fingerprint, state.identity.fingerprint());
    let authorized = on_store(&state.store, move |store| {
        let now = store.server_now(clock::now())?;
        apply::check_time(&offer, now).map_err(Error::Refused)?;
        let authorizer = Authorizer::of(store, fingerprint, &credentials)?;
        authorizer.authorize(&offer).map_err(Error::Refused)?;
        let is_trusted = trust.covers(store, &fingerprint)?;
        let question = match apply::needs_no_question(store, &id, &offer)? {
            true => None,
            false => Some((provenance::devices(store, own, &offer)?, provenance::with_local_names(store, &offer)?)),
        };
        Ok::<_, Error>(AuthorizedOffer { now, is_trusted, question })
    });
    async { authorized.await.map_err(not_stored) }
}

/// Stores the user's consent, if it `is_new`, so that the same offer is not asked about again. Returns the local data
/// for each offered snapshot.
pub(super) fn accept(
    state: &ReceiverState,
    sender: &Sender,
    id: [u8; 32],
    offer: Offer,
    is_new: bool,
) -> impl Future<Output = Result<Vec<Held>, EndReason>> + use<> {
    let incoming = sender.incoming(id, &offer);
    let accepted = on_store(&state.store, move |store| {
        store.begin_incoming(&incoming)?;
        if is_new {
            store.give_consent(&id)?;
        }
        store.trim_incoming(&id)?;
        apply::held(store, &offer)
    });
    async { accepted.await.map_err(not_stored) }
}
