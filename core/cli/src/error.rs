//! The errors that end a command, and their exit codes.

use std::fmt;
use std::io;
use std::path::PathBuf;

use fieldcast::{EndReason, FileError, NetworkError, ServerError, StatementError, StoreError};
use fieldcast_sandbox::SandboxError;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line is wrong. The text says what is possible.
    Usage(String),
    /// An error of the engine.
    Engine(fieldcast::Error),
    /// An error of the engine about a bundle file.
    File(PathBuf, fieldcast::Error),
    /// An error of the sandbox.
    Sandbox(SandboxError),
    /// Writing to stdout failed.
    Output(io::Error),
    /// The user pressed Ctrl-C.
    Interrupted,
    /// The command did part of its work. The summary has named the parts.
    Partial,
    /// The command did none of its work. The summary has named the reason.
    Nothing,
    /// The doctor found a problem: `true` for the network, `false` for this device.
    Warnings(bool),
    /// Any other error.
    Unexpected(String),
}

/// This crate's result.
pub(crate) type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// A session that ended without a stop.
    pub(crate) fn session_ended() -> Self {
        Self::Unexpected("the session ended unexpectedly: report this to the developers".to_owned())
    }

    /// Whether the user or the calling program has already seen this error.
    pub(crate) fn is_reported(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Partial | Self::Nothing | Self::Warnings(_)) || self.is_closed_pipe()
    }

    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The exit code of an error, as `fieldcast --help` lists them.
pub(crate) fn exit_code(error: &Error) -> u8 {
    match error {
        _ if error.is_closed_pipe() => 0, // the reader closed the pipe on purpose
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

/// Whether the user gave a wrong path, rather than the storage failed.
fn is_wrong_path(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | IsADirectory | NotADirectory)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Unexpected(text) => f.write_str(text),
            Self::Engine(fieldcast::Error::NotLoggedIn) => {
                f.write_str("you are not logged in: connect to the internet, then run `fieldcast login`")
            }
            Self::Engine(fieldcast::Error::NothingToSend) => {
                f.write_str("there is nothing to send: connect to the internet, then run `fieldcast downsync`")
            }
            Self::Engine(fieldcast::Error::WhichProject { known }) if !known.is_empty() => {
                write!(f, "choose a project with --project NAME_OR_ID; this account has: {known}")
            }
            Self::Engine(error) => error.fmt(f),
            // The engine words this error for a sender. Here this device itself could not store the data.
            Self::File(path, fieldcast::Error::Refused(EndReason::NotStored(why))) => {
                write!(f, "{}: this device could not store the data: {why}", path.display())
            }
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Sandbox(error) => error.fmt(f),
            Self::Output(error) => {
                write!(f, "writing the output failed ({error}): check the free space, or the program that reads it")
            }
            Self::Interrupted => f.write_str("stopped"),
            Self::Partial => f.write_str("some parts failed"),
            Self::Warnings(_) => f.write_str("the doctor found problems"),
            Self::Nothing => f.write_str("all parts failed"),
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
    /// The error of a question on the terminal that got no answer.
    pub(crate) fn of_prompt(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::Interrupted => Self::Interrupted,
            _ => Self::Unexpected(format!("reading the terminal failed ({error}): give the answer as a flag")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_each_error_to_its_exit_code() {
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
