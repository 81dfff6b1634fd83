//! The errors of connections, interfaces, keys and discovery.

use std::io;
use std::path::PathBuf;

use fieldcast_model::Fingerprint;
use fieldcast_wire::frame::FrameError;
use thiserror::Error;

/// A failure of a connection, an interface, a key or the discovery. Each message says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No suitable interface has an address.
    #[error("no Wi-Fi, hotspot or Ethernet network is connected: join or create the group's Wi-Fi, then try again")]
    NoInterface,
    /// The interface with the requested name or address does not exist.
    #[error("this device has no network `{asked}`: choose one of {known}, or turn it on")]
    UnknownInterface {
        /// The requested name or address.
        asked: String,
        /// The available names and addresses for display.
        known: String,
    },
    /// The interface has lost its address since it was chosen.
    #[error("the network `{name}` was lost: join or create the group's Wi-Fi again")]
    InterfaceGone {
        /// The name of the interface.
        name: String,
    },
    /// Another program, or another Fieldcast process, listens on this port.
    #[error("port {port} is in use: close the other program that uses it, or choose another port")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// No device answers at this address.
    #[error("the other device cannot be reached: check that both are on the same Wi-Fi and close together")]
    Unreachable,
    /// The device answers, but Fieldcast does not listen on it.
    #[error("the other device is not waiting for a connection: open Fieldcast on it and try again")]
    Refused,
    /// The peer was silent longer than the limit.
    #[error("the other device did not answer in time: move closer together and try again")]
    Timeout,
    /// The device that answered has a different key. `found` is claimed by the device and not proven.
    #[error(
        "the device that answered is {}, not {}: do not send, and search for the device again",
        found.short(),
        expected.short()
    )]
    WrongPeer {
        /// The expected fingerprint.
        expected: Fingerprint,
        /// The claimed fingerprint.
        found: Fingerprint,
    },
    /// The peer speaks TLS, but not this protocol.
    #[error("the other device speaks another version of Fieldcast: update the older one")]
    OtherVersion,
    /// The peer does not run Fieldcast, or an attacker changes the connection.
    #[error("no secure connection ({reason}): make sure the other device runs Fieldcast, then try again")]
    Tls {
        /// The error of the TLS library. For logs only.
        reason: String,
    },
    /// The peer sent a frame that the protocol does not allow, or this device was about to send one.
    #[error("{0}: update Fieldcast on both devices")]
    Frame(#[from] FrameError),
    /// The peer closed the connection in an orderly way, between two frames.
    #[error("the other device ended the connection")]
    Closed,
    /// The connection ended without a close message: the peer is out of range, was killed, or the network was lost.
    #[error("the connection was lost: move closer together, then try again (received data is kept)")]
    Cut,
    /// The operating system does not allow this app to use the network.
    #[error("this app has no permission for the local network: allow it in the system's settings")]
    Permission,
    /// Other users can read the key file, so the key may not be secret any more.
    #[error(
        "other users can read the device key {}: run `chmod 600` on the file if no other user has read it, or delete \
         it to get a new key and a new fingerprint",
        path.display()
    )]
    KeyExposed {
        /// The key file.
        path: PathBuf,
    },
    /// The key file does not contain a valid key. Fieldcast never replaces it automatically.
    #[error(
        "the device key {} is damaged: restore it, or delete it to get a new key and a new fingerprint",
        path.display()
    )]
    KeyDamaged {
        /// The key file.
        path: PathBuf,
    },
    /// The key file cannot be read or written.
    #[error(
        "the device key {} cannot be read or written ({source}): check the folder and the free space",
        path.display()
    )]
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The key file is wrapped, and this device has no key store to unwrap it.
    #[error(
        "the device key {} can only be used on the phone that encrypted it: use it there, or delete the file to get a \
         new key and a new fingerprint",
        path.display()
    )]
    KeyWrapped {
        /// The key file.
        path: PathBuf,
    },
    /// The phone's key store failed. The key file is unchanged.
    #[error("the phone's key store did not return the device key ({reason}): unlock the phone, then try again")]
    KeyStore {
        /// The error of the system. For logs only.
        reason: String,
    },
    /// mDNS does not work on this network.
    #[error("the search for devices failed ({reason}): check the group's Wi-Fi, then search again")]
    Discovery {
        /// The cause. For logs only.
        reason: String,
    },
    /// Any other error of the system.
    #[error("network error ({0}): try again")]
    Io(#[source] io::Error),
}

impl Error {
    /// The error for an I/O error of a connection or its handshake.
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

    /// The error for a failed `connect`.
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

    /// The error for a failed `bind` or `listen`.
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
