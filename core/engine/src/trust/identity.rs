//! Identity of devices: trusted keys, and codes that users compare.

use std::collections::BTreeSet;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Connection, Error as NetworkError, Identity};
use fieldcast_store::{Store, TrustedPeer};
use fieldcast_wire::{
    CODE_LABEL, Credentials, EndReason, Handshake, HandshakeParameters, HandshakeSecret, Role, Token,
};

use crate::clock;
use crate::task::on_store;

/// The user's answer to a question about another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, and both screens show the same code: the device becomes trusted, and no code is shown for it again.
    Trust,
    /// Yes, this time; the device does not become trusted.
    Once,
    /// No.
    Decline,
    /// No, because the screens show different codes: an attacker may be between the devices.
    CodesDiffer,
}

/// The devices whose code has to be compared before data is sent or accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Every device that is neither trusted nor in this set. The keys in the set came in another way, for example by an
    /// invite.
    Compare(BTreeSet<Fingerprint>),
    /// No device: every device is accepted under its own name. For tests, rehearsals and closed networks.
    AcceptAll,
}

impl Trust {
    /// Whether this device is accepted without a code comparison. Blocks.
    pub(crate) fn covers(&self, store: &Store, peer: &Fingerprint) -> fieldcast_store::Result<bool> {
        match self {
            Self::AcceptAll => Ok(true),
            Self::Compare(pinned) => Ok(pinned.contains(peer) || store.trusts_peer(peer)?),
        }
    }
}

/// Stores a device as trusted after its code was compared. If that fails, its code is compared again.
/// It is stored even if the result is no longer needed.
pub(crate) fn trust(store: &Store, fingerprint: Fingerprint, name: DeviceName) -> impl Future<Output = ()> + use<> {
    let peer = TrustedPeer { fingerprint, name, since: clock::now() };
    let stored = on_store(store, move |store| store.trust_peer(&peer));
    async {
        if let Err(error) = stored.await {
            tracing::warn!(%error, "the device was not stored as trusted; its code will be compared again");
        }
    }
}

/// The handshake of this side on a new connection, without its credentials. Refuses a device with the same key.
pub(crate) fn handshake(
    connection: &Connection,
    role: Role,
    name: &DeviceName,
    identity: &Identity,
    invite: Option<Token>,
) -> Result<Handshake, EndReason> {
    let session = identity.session();
    if connection.peer() == identity.fingerprint() {
        return Err(EndReason::SharedKey { session });
    }
    let derive =
        || Ok(HandshakeSecret { exporter: connection.exporter(CODE_LABEL, &[])?, nonce: fieldcast_net::random()? });
    let secret = derive().map_err(|error: NetworkError| {
        tracing::warn!(%error, "no code could be derived for this connection");
        EndReason::NotSecure
    })?;
    let (name, credentials) = (name.clone(), Credentials::default());
    Ok(Handshake::new(role, HandshakeParameters { name, secret, credentials, session, invite }))
}
