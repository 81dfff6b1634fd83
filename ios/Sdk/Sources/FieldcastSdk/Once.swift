/// An action that runs once, even if the task is cancelled. Later callers wait until it has finished.
actor Once {
    private var ending: Task<Void, Error>?

    func run(_ end: @escaping @Sendable () async throws -> Void) async throws {
        let task = ending ?? Task.detached { try await end() }
        ending = task
        do {
            try await task.value
        } catch {
            ending = nil // allows another try
            throw error
        }
    }
}
