extension FieldcastError {
    /// Advice in English, for a log or for a screen without its own text for this error. Do not show
    /// `localizedDescription`: it contains the name of the case.
    public var advice: String {
        switch self {
        case .LoginNeeded(let reason), .WrongCredentials(let reason), .NotAllowed(let reason), .Offline(let reason),
            .Metered(let reason), .ServerFailed(let reason), .NotPrepared(let reason), .ChooseAgain(let reason),
            .NotNearby(let reason), .NoNetwork(let reason), .PermissionNeeded(let reason),
            .ConnectionFailed(let reason), .StorageFull(let reason), .StorageFailed(let reason), .InUse(let reason),
            .UpdateNeeded(let reason), .KeyFailed(let reason), .UnsentEdits(_, let reason),
            .TooManyBoundaries(_, let reason), .Unreadable(let reason),
            .Expired(let reason), .NotTrusted(let reason), .FileFailed(let reason), .Over(let reason),
            .ShutDown(let reason), .Internal(let reason):
            return reason
        case .Refused(let ending):
            return ending.detail
        }
    }

    /// Same as ``advice``, for code that shows errors of any type.
    public var recoverySuggestion: String? { advice }
}

/// Reads the state of a session, or returns nil if the session ended in the meantime.
func ifOpen<T>(_ look: () throws -> T) -> T? {
    do {
        return try look()
    } catch {
        return nil
    }
}
