//! Who is believed to be who: keys that are known, and codes that people compare.

use std::collections::BTreeSet;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Connection, Error as NetworkError, Identity};
use fieldcast_store::{Store, TrustedPeer};
use fieldcast_wire::{CODE_LABEL, Credentials, EndReason, HandshakeParameters, HandshakeSecret};

use crate::clock;

/// What a person says to a question about another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, and both screens show the same code: the device is remembered, and no code is shown for it again.
    Trust,
    /// Yes, this time; the device is not remembered.
    Once,
    /// No.
    Decline,
    /// No, for the screens show different codes: somebody may be between the devices.
    CodesDiffer,
}

/// Whose code has to be compared before data leaves, or is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// That of every device that is neither remembered nor among these, whose keys came by another way, as an invite.
    Compare(BTreeSet<Fingerprint>),
    /// Nobody's: whoever answers under a name is taken for it. For tests, rehearsals and networks that are closed.
    Everybody,
}

impl Trust {
    /// Whether this device is believed to be who it is without a comparison. Blocks.
    pub(crate) fn covers(&self, store: &Store, peer: &Fingerprint) -> fieldcast_store::Result<bool> {
        match self {
            Self::Everybody => Ok(true),
            Self::Compare(pinned) => Ok(pinned.contains(peer) || store.trusts_peer(peer)?),
        }
    }
}

/// Remembers a device whose code was compared. Blocks.
pub(crate) fn remember(store: &Store, fingerprint: Fingerprint, name: &DeviceName) {
    if let Err(error) = store.trust_peer(&TrustedPeer { fingerprint, name: name.clone(), since: clock::now() }) {
        tracing::warn!(%error, "the device is not remembered; its code will be compared again");
    }
}

/// How this side introduces itself on a new connection, but for its credentials; not to a device with its own key.
pub(crate) fn introduce(
    connection: &Connection,
    name: &DeviceName,
    identity: &Identity,
) -> Result<HandshakeParameters, EndReason> {
    if connection.peer() == identity.fingerprint() {
        return Err(EndReason::SharedKey { session: identity.session() });
    }
    let secret =
        || Ok(HandshakeSecret { exporter: connection.exporter(CODE_LABEL, &[])?, nonce: fieldcast_net::random()? });
    let opening = secret().map_err(|error: NetworkError| {
        tracing::warn!(%error, "no code for this connection");
        EndReason::NotSecure
    })?;
    Ok(HandshakeParameters { name: name.clone(), opening, credentials: Credentials::default() })
}
