//! Errors of the sandbox.

use std::io;
use std::net::SocketAddr;

/// Why a sandbox could not start or answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// Another process already uses the address.
    #[error(
        "{address} is already in use; stop the program that uses it, or choose another port (0 takes any free port)"
    )]
    PortInUse {
        /// The requested address.
        address: SocketAddr,
    },
    /// The sandbox cannot listen on the address for another reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A setting is invalid.
    #[error("sandbox configuration: {reason}")]
    Config {
        /// The setting, and its valid values.
        reason: &'static str,
    },
    /// No leaf boundary has this code.
    #[error("the campaign has no leaf boundary {code}")]
    UnknownBoundary {
        /// The requested code.
        code: String,
    },
    /// No project has this id.
    #[error("the campaign has no project {id}")]
    UnknownProject {
        /// The requested id.
        id: String,
    },
    /// A share of changed records above one thousand per mille.
    #[error("cannot change {permille} per mille of the records; use a value from 0 to 1000")]
    Permille {
        /// The requested share.
        permille: u32,
    },
}
