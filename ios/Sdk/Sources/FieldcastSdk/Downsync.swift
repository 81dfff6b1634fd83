/// How far a boundary of a download is.
public enum BoundaryStatus: Equatable, Sendable {
    /// It is on its way.
    case running(BoundaryProgress)
    /// It is complete.
    case done(BoundaryProgress)
    /// It is not complete; the next download goes on from there.
    case failed(FieldcastError)
}

/// A download that is running. What came stays, whether it is cancelled or the app is killed. Letting go of it stops it.
public final class Downsync: Sendable {
    private let job: DownsyncJob

    /// How far each boundary is, by its code.
    public let boundaries = Live<[String: BoundaryStatus]>([:])

    init(job: DownsyncJob, router: Router) throws {
        self.job = job
        router.watch(try job.id()) { [boundaries] in boundaries.take($0) }
    }

    deinit {
        cancel()
    }

    /// Waits for the end. Cancelling the wait does not cancel the download.
    public func finished() async throws -> DownsyncReport {
        try await job.finished()
    }

    /// ``finished()``, but cancelling the wait cancels the download too.
    public func run() async throws -> DownsyncReport {
        try await withTaskCancellationHandler {
            try await job.finished()
        } onCancel: {
            cancel()
        }
    }

    /// Stops it.
    public func cancel() {
        try? job.cancel()
    }
}

extension Live where Value == [String: BoundaryStatus] {
    fileprivate func take(_ event: Event) {
        switch event {
        case .downsyncProgress(_, let running):
            update { states in running.forEach { states[$0.boundary] = .running($0.progress) } }
        case .boundaryDone(_, let summary, let progress):
            update { $0[summary.dataset.boundary ?? ""] = .done(progress) }
        case .boundaryFailed(_, let boundary, let error):
            update { $0[boundary] = .failed(error) }
        case .over:
            finish()
        default:
            break
        }
    }
}
