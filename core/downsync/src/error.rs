//! What can go wrong, by what a person can do about it.

/// Why the server did not give what was asked for. Holds no names, tokens or bodies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client was set up in a way that cannot or must not work.
    #[error("the server settings cannot be used: {reason}")]
    Config {
        /// What is wrong with them.
        reason: String,
    },
    /// The server refused user name and password.
    #[error("the server does not accept this user name and password: check both, and the tenant")]
    WrongCredentials,
    /// The token is no longer, or not, accepted.
    #[error("the session has expired: log in again")]
    SessionExpired,
    /// The account may not do this.
    #[error("this account may not do that: ask the campaign's administrator for the role")]
    Forbidden,
    /// No answer, after all retries.
    #[error("the server cannot be reached ({reason}): check the connection and try again")]
    Unreachable {
        /// What happened, without addresses.
        reason: String,
    },
    /// The server answered with an error, after all retries if it was one that may pass.
    #[error(
        "the server reports an error ({status} {code}): try again later, or tell the campaign's IT team: {message}"
    )]
    Server {
        /// HTTP status.
        status: u16,
        /// eGov error code; empty if the server gave none.
        code: String,
        /// The server's words, one line, at most 200 characters.
        message: String,
    },
    /// The server answered, but not with what this request asks for, again and again.
    #[error("the server's answer cannot be used ({what}): try again later, or tell the campaign's IT team")]
    BadAnswer {
        /// What is wrong with it.
        what: String,
    },
    /// The server answered with more than fits into memory, whatever was asked for.
    #[error(
        "the server sends more data at once than this device takes ({} MiB): ask the campaign's IT team for smaller \
         boundaries", limit >> 20
    )]
    TooLarge {
        /// Bytes it may be.
        limit: u64,
    },
    /// The server does not have it.
    #[error("not found on the server: {what}: check the server address and the settings")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The server answers with pre-generated files only and has none for this boundary.
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
    fn every_error_says_what_to_do() {
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
