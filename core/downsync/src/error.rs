//! The errors of the client, by the action that the user can take.

/// Why a request failed. Contains no names, tokens or bodies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The settings of the client are invalid or unsafe.
    #[error("the server settings cannot be used: {reason}")]
    Config {
        /// The problem with the settings.
        reason: String,
    },
    /// The server rejected the user name or the password.
    #[error("the server does not accept this user name and password: check both, and the tenant")]
    WrongCredentials,
    /// The server does not accept the token any more.
    #[error("the session has expired: log in again")]
    SessionExpired,
    /// The account has no permission for this request.
    #[error("this account has no permission for this: ask the campaign's administrator for the role")]
    Forbidden,
    /// No answer after all retries.
    #[error("the server cannot be reached ({reason}): check the connection and try again")]
    Unreachable {
        /// The problem, without addresses.
        reason: String,
    },
    /// The server answered with an error; for a temporary error, after all retries.
    #[error(
        "the server reports an error ({status} {code}): try again later, or tell the campaign's IT team: {message}"
    )]
    Server {
        /// HTTP status.
        status: u16,
        /// eGov error code; empty if the server sent none.
        code: String,
        /// The server's message, one line, at most 200 characters.
        message: String,
    },
    /// The server's answers do not match the request, also after all retries.
    #[error("the server's answer cannot be used ({what}): try again later, or tell the campaign's IT team")]
    BadAnswer {
        /// The problem with the answer.
        what: String,
    },
    /// The answer does not fit into memory, even for the smallest request.
    #[error(
        "the server sends more data at once than this device can process ({} MiB): ask the campaign's IT team for \
         smaller boundaries", limit >> 20
    )]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The server does not have the requested object.
    #[error("not found on the server: {what}: check the server address and the settings")]
    NotFound {
        /// The requested object.
        what: String,
    },
    /// The server only serves pre-generated files and has none for this boundary.
    #[error(
        "the server has not prepared this boundary's files yet: ask the campaign's IT team to generate them for the \
         campaign's root project, then download again"
    )]
    NotPrepared,
}

impl Error {
    pub(crate) fn bad_answer(what: impl Into<String>) -> Self {
        Self::BadAnswer { what: what.into() }
    }

    pub(crate) fn config(reason: impl Into<String>) -> Self {
        Self::Config { reason: reason.into() }
    }

    pub(crate) fn unreachable(reason: impl Into<String>) -> Self {
        Self::Unreachable { reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_do_in_every_error() {
        let server = Error::Server { status: 500, code: "X".into(), message: "boom".into() };
        let all = [
            Error::config("x"),
            Error::WrongCredentials,
            Error::SessionExpired,
            Error::Forbidden,
            Error::unreachable("timed out"),
            server,
            Error::bad_answer("x"),
            Error::TooLarge { limit: 1 << 20 },
            Error::NotFound { what: "boundary X".into() },
            Error::NotPrepared,
        ];
        for error in &all[1..] {
            let text = error.to_string();
            assert!(["check", "log in", "ask", "try again"].iter().any(|advice| text.contains(advice)), "{text}");
        }
    }
}
