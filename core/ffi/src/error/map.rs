//! Maps the engine's errors to the reaction of a screen.

use fieldcast::{Error, InviteError, NetworkError, ServerError, StatementError, StoreError};

use crate::FieldcastError;

impl From<Error> for FieldcastError {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for FieldcastError {
    fn from(error: &Error) -> Self {
        let reason = error.to_string();
        match error {
            Error::NotLoggedIn => Self::LoginNeeded { reason },
            Error::WhichProject { .. }
            | Error::NoSuchBoundary { .. }
            | Error::NotDownloaded { .. }
            | Error::Damaged { .. }
            | Error::NothingToSend
            | Error::CodeTooLong { .. }
            | Error::TooManySources { .. }
            | Error::OfferOutdated => Self::ChooseAgain { reason },
            Error::TooManyBoundaries { most } => Self::TooManyBoundaries { most: *most as u64, reason },
            Error::NoSuchPeer => Self::NotNearby { reason },
            Error::KeyMissing { .. } => Self::KeyFailed { reason },
            Error::TooLongForQr => Self::Unreadable { reason },
            Error::Statement(error) => error.into(),
            Error::UnknownCampaign
            | Error::GrantOfAnother
            | Error::OutdatedRevocations { .. }
            | Error::ConflictingRevocations { .. } => Self::NotTrusted { reason },
            Error::Invite(error) => error.into(),
            Error::Refused(ended) => Self::Refused { ending: ended.into() },
            Error::Server(error) => error.into(),
            Error::Network(error) => error.into(),
            Error::Store(error) => error.into(),
            Error::File(_) | Error::Bundle(_) => Self::FileFailed { reason },
            _ => Self::Internal { reason },
        }
    }
}

impl From<&ServerError> for FieldcastError {
    fn from(error: &ServerError) -> Self {
        let reason = error.to_string();
        match error {
            ServerError::SessionExpired => Self::LoginNeeded { reason },
            ServerError::WrongCredentials => Self::WrongCredentials { reason },
            ServerError::Forbidden => Self::NotAllowed { reason },
            ServerError::Unreachable { .. } => Self::Offline { reason },
            ServerError::NotPrepared => Self::NotPrepared { reason },
            ServerError::Config { .. }
            | ServerError::Server { .. }
            | ServerError::BadAnswer { .. }
            | ServerError::TooLarge { .. }
            | ServerError::NotFound { .. } => Self::ServerFailed { reason },
        }
    }
}

impl From<&NetworkError> for FieldcastError {
    fn from(error: &NetworkError) -> Self {
        let reason = error.to_string();
        match error {
            NetworkError::NoInterface | NetworkError::UnknownInterface { .. } | NetworkError::InterfaceGone { .. } => {
                Self::NoNetwork { reason }
            }
            NetworkError::Permission => Self::PermissionNeeded { reason },
            NetworkError::OtherVersion => Self::UpdateNeeded { reason },
            NetworkError::KeyExposed { .. }
            | NetworkError::KeyDamaged { .. }
            | NetworkError::KeyFile { .. }
            | NetworkError::KeyWrapped { .. }
            | NetworkError::KeyStore { .. } => Self::KeyFailed { reason },
            _ => Self::ConnectionFailed { reason },
        }
    }
}

impl From<&StoreError> for FieldcastError {
    fn from(error: &StoreError) -> Self {
        let reason = error.to_string();
        match error {
            StoreError::DiskFull => Self::StorageFull { reason },
            StoreError::InUse { .. } => Self::InUse { reason },
            StoreError::Newer { .. } => Self::UpdateNeeded { reason },
            StoreError::NothingToUndo => Self::ChooseAgain { reason },
            StoreError::UnsentEdits { edits } => Self::UnsentEdits { edits: *edits, reason },
            _ => Self::StorageFailed { reason },
        }
    }
}

impl From<&StatementError> for FieldcastError {
    fn from(error: &StatementError) -> Self {
        let reason = error.to_string();
        match error {
            StatementError::Signature => Self::NotTrusted { reason },
            _ => Self::Unreadable { reason },
        }
    }
}

impl From<&InviteError> for FieldcastError {
    fn from(error: &InviteError) -> Self {
        let reason = error.to_string();
        match error {
            InviteError::Expired => Self::Expired { reason },
            InviteError::UnknownVersion => Self::UpdateNeeded { reason },
            _ => Self::Unreadable { reason },
        }
    }
}

impl From<tokio::task::JoinError> for FieldcastError {
    fn from(error: tokio::task::JoinError) -> Self {
        // A task that was not aborted is only cancelled by the shutdown of its runtime.
        if error.is_cancelled() { Self::shut_down() } else { Error::from(error).into() }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use fieldcast::EndReason;

    use super::*;

    #[test]
    fn maps_each_error_to_screen_reaction() {
        type Is = fn(&FieldcastError) -> bool;
        let path = PathBuf::from("/x");
        let cases: [(Error, Is); 13] = [
            (Error::NotLoggedIn, |e| matches!(e, FieldcastError::LoginNeeded { .. })),
            (ServerError::SessionExpired.into(), |e| matches!(e, FieldcastError::LoginNeeded { .. })),
            (ServerError::WrongCredentials.into(), |e| matches!(e, FieldcastError::WrongCredentials { .. })),
            (ServerError::Unreachable { reason: "x".into() }.into(), |e| matches!(e, FieldcastError::Offline { .. })),
            (Error::NothingToSend, |e| matches!(e, FieldcastError::ChooseAgain { .. })),
            (Error::TooManyBoundaries { most: 9 }, |e| matches!(e, FieldcastError::TooManyBoundaries { most: 9, .. })),
            (NetworkError::NoInterface.into(), |e| matches!(e, FieldcastError::NoNetwork { .. })),
            (NetworkError::Permission.into(), |e| matches!(e, FieldcastError::PermissionNeeded { .. })),
            (NetworkError::KeyDamaged { path }.into(), |e| matches!(e, FieldcastError::KeyFailed { .. })),
            (StoreError::DiskFull.into(), |e| matches!(e, FieldcastError::StorageFull { .. })),
            (StoreError::UnsentEdits { edits: 3 }.into(), |e| {
                matches!(e, FieldcastError::UnsentEdits { edits: 3, .. })
            }),
            (StatementError::Signature.into(), |e| matches!(e, FieldcastError::NotTrusted { .. })),
            (Error::Refused(EndReason::BadData), |e| matches!(e, FieldcastError::Refused { .. })),
        ];
        for (error, is) in cases {
            let said = error.to_string();
            let error = FieldcastError::from(error);
            assert!(is(&error), "{error:?}");
            assert_eq!(error.to_string(), said);
        }
    }
}
