//! What can end a command, and the exit code that says so.

use std::fmt;
use std::io;
use std::path::PathBuf;

use fieldcast::{EndReason, FileError, NetworkError, ServerError, StatementError, StoreError};
use fieldcast_sandbox::SandboxError;

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Error {
    /// What was typed cannot be done; says what can.
    Usage(String),
    /// The engine's word.
    Engine(fieldcast::Error),
    /// The engine's word about a bundle file.
    File(PathBuf, fieldcast::Error),
    /// The sandbox's word.
    Sandbox(SandboxError),
    /// Stdout cannot be written.
    Output(io::Error),
    /// A person pressed Ctrl-C.
    Interrupted,
    /// Some of what was asked for was done; the summary has told which.
    Partial,
    /// None of what was asked for was done; the summary has told why.
    Nothing,
    /// The doctor has told of a problem, with the network or with this device.
    Warnings(bool),
    /// Anything else.
    Unexpected(String),
}

/// This crate's result.
pub(crate) type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// Whether the person or program outside knows already: nothing more is to be said.
    pub(crate) fn is_told(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Partial | Self::Nothing | Self::Warnings(_)) || self.is_closed_pipe()
    }

    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The exit code of an error, as `fieldcast --help` lists them.
pub(crate) fn exit_code(error: &Error) -> u8 {
    match error {
        _ if error.is_closed_pipe() => 0, // whoever read has read enough
        Error::Usage(_) => 2,
        Error::Engine(error) | Error::File(_, error) => engine_code(error),
        Error::Sandbox(SandboxError::PortInUse { .. } | SandboxError::Listen { .. }) => 4,
        Error::Sandbox(SandboxError::Config { .. }) => 2,
        Error::Sandbox(_) | Error::Output(_) | Error::Unexpected(_) => 1,
        Error::Interrupted => 130,
        Error::Warnings(true) => 4,
        Error::Warnings(false) => 5,
        Error::Partial => 6,
        Error::Nothing => 7,
    }
}

fn engine_code(error: &fieldcast::Error) -> u8 {
    use fieldcast::Error as Engine;
    match error {
        Engine::WhichProject { .. }
        | Engine::NoSuchBoundary { .. }
        | Engine::NotDownloaded { .. }
        | Engine::NothingToSend
        | Engine::TooManyBoundaries { .. }
        | Engine::TooManySources { .. }
        | Engine::Store(StoreError::NothingToUndo)
        | Engine::Statement(_)
        | Engine::Invite(_)
        | Engine::UnknownCampaign
        | Engine::GrantOfAnother
        | Engine::OutdatedRevocations { .. }
        | Engine::ConflictingRevocations { .. }
        | Engine::CampaignKeyExists { .. }
        | Engine::NoCampaignKey { .. }
        | Engine::Server(ServerError::Config { .. }) => 2,
        Engine::Server(ServerError::Unreachable { .. }) => 4,
        Engine::NotLoggedIn | Engine::Server(_) => 3,
        Engine::Network(
            NetworkError::KeyExposed { .. } | NetworkError::KeyDamaged { .. } | NetworkError::KeyFile { .. },
        ) => 5,
        Engine::Network(_) => 4,
        Engine::Store(StoreError::Sqlite { .. } | StoreError::NoSuchRun) => 1,
        Engine::File(FileError::Io(error)) if is_wrong_path(error) => 2,
        Engine::Store(_)
        | Engine::Damaged { .. }
        | Engine::KeyMissing { .. }
        | Engine::File(FileError::Io(_))
        | Engine::Refused(EndReason::NotStored(_)) => 5,
        Engine::NoSuchPeer | Engine::File(_) | Engine::Refused(_) => 7,
        _ => 1,
    }
}

/// Whether the path that was typed is to blame, not the storage.
fn is_wrong_path(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | IsADirectory | NotADirectory)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Unexpected(text) => f.write_str(text),
            Self::Engine(fieldcast::Error::NotLoggedIn) => {
                f.write_str("nobody is logged in: run `fieldcast login` while there is internet")
            }
            Self::Engine(fieldcast::Error::NothingToSend) => {
                f.write_str("there is nothing to send: run `fieldcast downsync` while there is internet")
            }
            Self::Engine(fieldcast::Error::WhichProject { known }) if !known.is_empty() => {
                write!(f, "say which project with --project, by name or id; this account has: {known}")
            }
            Self::Engine(error) => error.fmt(f),
            // A device that reads a file is its own receiver.
            Self::File(path, fieldcast::Error::Refused(EndReason::NotStored(why))) => {
                write!(f, "{}: its data could not be stored: {why}", path.display())
            }
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Sandbox(error) => error.fmt(f),
            Self::Output(error) => write!(f, "stdout cannot be written: {error}"),
            Self::Interrupted => f.write_str("stopped"),
            Self::Partial => f.write_str("some were done, others not"),
            Self::Warnings(_) => f.write_str("there are problems"),
            Self::Nothing => f.write_str("none was done"),
        }
    }
}

impl From<fieldcast::Error> for Error {
    fn from(error: fieldcast::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<NetworkError> for Error {
    fn from(error: NetworkError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<StatementError> for Error {
    fn from(error: StatementError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<SandboxError> for Error {
    fn from(error: SandboxError) -> Self {
        Self::Sandbox(error)
    }
}

impl From<dialoguer::Error> for Error {
    fn from(dialoguer::Error::IO(error): dialoguer::Error) -> Self {
        Self::of_prompt(&error)
    }
}

impl Error {
    /// A question on the terminal that got no answer.
    pub(crate) fn of_prompt(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::Interrupted => Self::Interrupted,
            _ => Self::Unexpected(format!("the terminal cannot be read ({error}): give the answer as a flag")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_has_its_code() {
        let server = |error| Error::Engine(fieldcast::Error::Server(error));
        let network = |error| Error::Engine(fieldcast::Error::Network(error));
        let store = |error| Error::Engine(fieldcast::Error::Store(error));
        let path = PathBuf::from("/x");
        let file = |error| Error::File("/x.fcb".into(), error);
        let cases = [
            (Error::usage("x"), 2),
            (fieldcast::Error::NothingToSend.into(), 2),
            (fieldcast::Error::WhichProject { known: String::new() }.into(), 2),
            (server(ServerError::WrongCredentials), 3),
            (server(ServerError::SessionExpired), 3),
            (fieldcast::Error::NotLoggedIn.into(), 3),
            (server(ServerError::Unreachable { reason: String::new() }), 4),
            (network(NetworkError::NoInterface), 4),
            (network(NetworkError::PortInUse { port: 1 }), 4),
            (network(NetworkError::KeyDamaged { path: path.clone() }), 5),
            (store(StoreError::InUse { dir: path.clone() }), 5),
            (store(StoreError::NotWritable { path }), 5),
            (store(StoreError::DiskFull), 5),
            (file(FileError::Io(io::ErrorKind::NotFound.into()).into()), 2),
            (file(FileError::Io(io::ErrorKind::StorageFull.into()).into()), 5),
            (file(fieldcast::Error::Refused(EndReason::NotStored(String::new()))), 5),
            (file(fieldcast::Error::Refused(EndReason::DigestDiffers)), 7),
            (file(FileError::CutOff { part: "x" }.into()), 7),
            (file(FileError::Signature.into()), 7),
            (Error::Partial, 6),
            (Error::Nothing, 7),
            (fieldcast::Error::OfferOutdated.into(), 1),
            (Error::Output(io::ErrorKind::StorageFull.into()), 1),
            (Error::Output(io::ErrorKind::BrokenPipe.into()), 0),
            (Error::Interrupted, 130),
        ];
        for (error, code) in cases {
            assert_eq!(exit_code(&error), code, "{error}");
        }
    }
}
