import FieldcastSdk
import Foundation

// The code blocks of docs/sdk-swift.md, in the same order. `SnippetTests` runs the blocks that need no iPhone.

// snippet: open
actor FieldApp {
    static let shared = FieldApp()
    private var opening: Task<Fieldcast, Error>?

    func fieldcast() async throws -> Fieldcast {
        let task = opening ?? Task { try await Fieldcast.open(OpenSettings(dataDir: Fieldcast.folder().path)) }
        opening = task
        return try await task.value
    }
}
// end

// snippet: download
func download(_ fieldcast: Fieldcast, server: String, user: String, password: String) async throws -> [Dataset] {
    _ = try await fieldcast.login(server: server, tenant: "mz", user: user, password: password)
    let projects = try await fieldcast.projects()
    let project = try await fieldcast.chooseProject(idOrName: projects[0].id) // or let the user select one
    let villages = try await fieldcast.boundaries(project: project).filter(\.leaf).map(\.code)
    let downsync = try await fieldcast.downsync(project, boundaries: Array(villages.prefix(2)))
    let report = try await downsync.run() // a screen shows downsync.boundaries during the download
    if let failure = report.failed.first { throw failure.error } // downloaded data is kept: download again to continue
    return try await fieldcast.datasets().map(\.summary.dataset)
}
// end

// snippet: send
func send(
    _ fieldcast: Fieldcast,
    _ datasets: [Dataset],
    pick: (Offering) async throws -> Fingerprint,
    isSame: (NearbyReceiver) async -> Bool,
    options: ExchangeOptions = ExchangeOptions()
) async throws -> SendState? {
    try await fieldcast.offering(datasets, options: options) { offering in
        let receiver = try await pick(offering) // a screen shows offering.receivers
        try offering.send(to: receiver)
        for await nearby in offering.receivers {
            guard let now = nearby.first(where: { $0.peer.fingerprint == receiver }) else { continue }
            if now.code != nil { try offering.answer(receiver, await isSame(now) ? .trust : .codesDiffer) }
            switch now.state {
            case .saved, .failed: return now.state
            default: continue
            }
        }
        return nil // the session was stopped
    }
}
// end

// snippet: receive
func receive(
    _ fieldcast: Fieldcast,
    ask: (Question) async -> Answer,
    options: ExchangeOptions = ExchangeOptions()
) async throws -> Received? {
    try await fieldcast.receiving(options: options) { receiving in
        for await status in receiving.status {
            if let saved = status.saved.first { return saved }
            guard let question = status.question else { continue }
            try receiving.answer(question, await ask(question)) // shows the sender's name, the offer and the code
        }
        return nil // the session was stopped
    }
}
// end

// snippet: group
func receiveByInvite(
    _ fieldcast: Fieldcast, scanned: String, show: (Receiving) async throws -> Void
) async throws {
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    func receive(on network: String?) async throws {
        try await fieldcast.receiving(options: ExchangeOptions(network: network)) { receiving in
            try receiving.dial(invite: scanned)
            try await show(receiving)
        }
    }
    if let group = try parseInvite(uri: scanned, now: now).group {
        try await fieldcast.joined(group) { try await receive(on: $0.interface.name) }
    } else {
        try await receive(on: nil)
    }
}
// end

// snippet: errors
func showing(
    _ show: @escaping (String) -> Void, toLogin: @escaping () -> Void, _ work: @escaping () async throws -> Void
) -> Task<Void, Never> {
    Task {
        do {
            try await work()
        } catch FieldcastError.LoginNeeded {
            toLogin()
        } catch let error as FieldcastError {
            show(error.advice) // English text; better: your own text for each error case
        } catch {
            // cancelled
        }
    }
}
// end
