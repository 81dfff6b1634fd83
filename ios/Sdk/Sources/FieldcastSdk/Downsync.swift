/// The download state of a boundary.
public enum BoundaryStatus: Equatable, Sendable {
    /// The download runs.
    case running(BoundaryProgress)
    /// The download is complete.
    case done(BoundaryProgress)
    /// The download is not complete. The next download continues from there.
    case failed(FieldcastError)
}

/// A running download. Downloaded data is kept if the download is cancelled or the app is killed. Releasing this object
/// stops the download.
public final class Downsync: Sendable {
    private let job: DownsyncJob

    /// The state of each boundary, by its code.
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

    /// Same as ``finished()``, but cancelling the wait also cancels the download.
    public func run() async throws -> DownsyncReport {
        try await withTaskCancellationHandler {
            try await job.finished()
        } onCancel: {
            cancel()
        }
    }

    /// Cancels the download.
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
