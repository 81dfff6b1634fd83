//! Everything that can go wrong between two devices.

use std::io;
use std::path::PathBuf;

use fieldcast_model::Fingerprint;
use fieldcast_wire::frame::FrameError;
use thiserror::Error;

/// Why a connection, an interface or a key could not be had or kept. Each message says what to do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No interface that peers could be on has an address.
    #[error("no Wi-Fi, hotspot or Ethernet network is up: join or create the group's Wi-Fi, then try again")]
    NoInterface,
    /// The interface that was asked for by name or address is not there.
    #[error("no interface or address `{asked}` here: choose one of {known}, or turn it on")]
    UnknownInterface {
        /// What was asked for.
        asked: String,
        /// The names and addresses there are, for a person to read.
        known: String,
    },
    /// The interface lost its address since it was chosen.
    #[error("the network `{name}` has gone: join or create the group's Wi-Fi again")]
    InterfaceGone {
        /// The interface's name.
        name: String,
    },
    /// Another program, or another copy of this one, listens there.
    #[error("port {port} is in use: close the other program that uses it, or choose another port")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// Nothing on the network answers at this address.
    #[error("the other device cannot be reached: check that both are on the same Wi-Fi and close together")]
    Unreachable,
    /// The device is there, but no Fieldcast listens.
    #[error("the other device is not waiting for a connection: open Fieldcast on it and try again")]
    Refused,
    /// The other side said nothing for as long as it may.
    #[error("the other device did not answer in time: move closer together and try again")]
    Timeout,
    /// The device that answered has another key than the one expected. `found` is what it claims, not proven.
    #[error("the device that answered is {}, not {}: do not send; look for it again", found.short(), expected.short())]
    WrongPeer {
        /// Who was to be there.
        expected: Fingerprint,
        /// Who says it is there.
        found: Fingerprint,
    },
    /// The other side speaks TLS, but not this protocol.
    #[error("the other device speaks another version of Fieldcast: update the older one")]
    OtherVersion,
    /// The other side is no Fieldcast device, or somebody tampers with the connection.
    #[error("no secure connection ({reason}): make sure the other device runs Fieldcast, then try again")]
    Tls {
        /// What the TLS library found wrong; for a log, not a screen.
        reason: String,
    },
    /// The other side sent, or we were to send, a frame the protocol does not allow.
    #[error("{0}: update Fieldcast on both devices")]
    Frame(#[from] FrameError),
    /// The other side ended the connection in good order, between two frames.
    #[error("the other device ended the connection")]
    Closed,
    /// The connection ended without a goodbye: out of range, killed, or the network went.
    #[error("the connection was lost: move closer together; what has arrived is kept")]
    Cut,
    /// The operating system does not let this app use the network.
    #[error("this app may not use the local network: allow it in the system's settings")]
    Permission,
    /// Others can read the key file, so the key may no longer be a secret.
    #[error(
        "other users can read the device key {}: `chmod 600` it if nobody did, else delete it: with the new key \
         this device's fingerprint changes",
        path.display()
    )]
    KeyExposed {
        /// The key file.
        path: PathBuf,
    },
    /// The key file is no key. It is never replaced without being asked.
    #[error(
        "the device key {} is damaged: restore it, or delete it: with the new key this device's fingerprint changes",
        path.display()
    )]
    KeyDamaged {
        /// The key file.
        path: PathBuf,
    },
    /// The key file cannot be read or written.
    #[error("the device key {} cannot be used ({source}): check the folder and the free space", path.display())]
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file is wrapped, and there is no key store to unwrap it.
    #[error(
        "the device key {} is kept by a phone's key store: open it on that phone; with another key this device's \
         fingerprint changes",
        path.display()
    )]
    KeyWrapped {
        /// The key file.
        path: PathBuf,
    },
    /// The phone's key store did not do its part. The key file is as it was.
    #[error("the phone's key store does not give the device key ({reason}): unlock the phone and try again")]
    KeyStore {
        /// What the system said; for a log, not a screen.
        reason: String,
    },
    /// mDNS does not work here.
    #[error("devices cannot be searched for ({reason}): check that the group's Wi-Fi is up and look again")]
    Discovery {
        /// What went wrong; for a log, not a screen.
        reason: String,
    },
    /// Anything else the system refused.
    #[error("network error ({0}): try again")]
    Io(#[source] io::Error),
}

impl Error {
    /// What an error of a connection that was up, or of its handshake, means.
    pub(crate) fn from_stream(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::from_tls(tls);
        }
        match error.kind() {
            Kind::UnexpectedEof
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected
            | Kind::TimedOut
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown => Self::Cut,
            _ => Self::Io(error),
        }
    }

    /// What an error of `connect` means.
    pub(crate) fn from_connect(error: io::Error, interface: &str) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionRefused => Self::Refused,
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::InvalidInput => {
                Self::Unreachable
            }
            Kind::TimedOut => Self::Timeout,
            Kind::PermissionDenied => Self::Permission,
            Kind::AddrNotAvailable => Self::InterfaceGone { name: interface.to_owned() },
            _ => Self::from_stream(error),
        }
    }

    /// What an error of `bind` or `listen` means.
    pub(crate) fn from_bind(error: io::Error, interface: &str, port: u16) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::PortInUse { port },
            io::ErrorKind::AddrNotAvailable => Self::InterfaceGone { name: interface.to_owned() },
            io::ErrorKind::PermissionDenied => Self::Permission,
            _ => Self::Io(error),
        }
    }

    fn from_tls(error: &rustls::Error) -> Self {
        use rustls::{AlertDescription::NoApplicationProtocol, Error as Tls};
        match error {
            Tls::NoApplicationProtocol | Tls::AlertReceived(NoApplicationProtocol) => Self::OtherVersion,
            other => Self::Tls { reason: other.to_string() },
        }
    }
}
