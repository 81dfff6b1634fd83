extension FieldcastError {
    /// What to do, in English: for a log, or a screen that has no words of its own for this one. `localizedDescription` is
    /// made of the case's name and is neither.
    public var advice: String {
        switch self {
        case .LoginNeeded(let reason), .WrongCredentials(let reason), .NotAllowed(let reason), .Offline(let reason),
            .Metered(let reason), .ServerFailed(let reason), .NotPrepared(let reason), .ChooseAgain(let reason),
            .NotNearby(let reason), .NoNetwork(let reason), .PermissionNeeded(let reason),
            .ConnectionFailed(let reason), .StorageFull(let reason), .StorageFailed(let reason), .InUse(let reason),
            .UpdateNeeded(let reason), .KeyFailed(let reason), .UnsentEdits(_, let reason), .Unreadable(let reason),
            .Expired(let reason), .NotTrusted(let reason), .FileFailed(let reason), .Over(let reason),
            .ShutDown(let reason), .Internal(let reason):
            return reason
        case .Refused(let ending):
            return ending.detail
        }
    }

    /// ``advice``, for whatever shows errors of any kind.
    public var recoverySuggestion: String? { advice }
}

/// What a session says of itself, or nothing when it has ended between the event and the look.
func ifOpen<T>(_ look: () throws -> T) -> T? {
    do {
        return try look()
    } catch {
        return nil
    }
}
