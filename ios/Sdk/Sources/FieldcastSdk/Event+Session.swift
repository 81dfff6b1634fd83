extension Event {
    /// The job or session of the event; nil for `missed`, which concerns all of them.
    public var session: UInt64? {
        switch self {
        case .downsyncProgress(let job, _), .boundaryDone(let job, _, _), .boundaryFailed(let job, _, _):
            return job
        case .receiverFound(let session, _), .receiverGone(let session, _), .networkLost(let session, _),
            .networkAvailable(let session, _, _), .distributorFound(let session, _), .distributorLost(let session, _),
            .dialChanged(let session, _, _), .compareCode(let session, _, _), .codeShown(let session, _, _),
            .sendChanged(let session, _, _), .sendProgress(let session, _), .asked(let session, _),
            .resumed(let session, _, _), .receiveChanged(let session, _), .receiveProgress(let session, _),
            .saved(let session, _), .ended(let session, _, _), .sharedKey(let session, _, _, _), .over(let session):
            return session
        case .missed:
            return nil
        }
    }

    var isOver: Bool {
        if case .over = self { return true }
        return false
    }
}
