//! What can go wrong in the sandbox.

use std::io;
use std::net::SocketAddr;

/// Why a sandbox could not start or answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// Another process listens on the address.
    #[error(
        "{address} is already in use: stop the program that listens there, or choose another port (0 takes any free one)"
    )]
    PortInUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A setting makes no sense.
    #[error("sandbox configuration: {reason}")]
    Config {
        /// Which setting, and what it may be.
        reason: &'static str,
    },
    /// No leaf boundary has this code.
    #[error("the campaign has no leaf boundary {code}")]
    UnknownBoundary {
        /// The code asked for.
        code: String,
    },
    /// No project has this id.
    #[error("the campaign has no project {id}")]
    UnknownProject {
        /// The id asked for.
        id: String,
    },
    /// A share of changed records above one thousand per mille.
    #[error("cannot change {permille} per mille of the records: give 0 to 1000")]
    Permille {
        /// The share asked for.
        permille: u32,
    },
}
