/// Something that ends once, and does so even if the task is cancelled; whoever ends it again waits until it has.
actor Once {
    private var ending: Task<Void, Error>?

    func run(_ end: @escaping @Sendable () async throws -> Void) async throws {
        let task = ending ?? Task.detached { try await end() }
        ending = task
        do {
            try await task.value
        } catch {
            ending = nil // it may be tried again
            throw error
        }
    }
}
