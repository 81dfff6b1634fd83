import Foundation

/// What a receiver's screen shows.
public struct ReceivingStatus: Equatable, Sendable {
    /// Where receiving stands.
    public var state: ReceiveState = .waiting
    /// The question that waits for the person.
    public var question: Question?
    /// The exchange that goes on without asking, as it was accepted before; gone when it has ended.
    public var resumed: Resumption?
    /// What was saved in this session, the newest last.
    public var saved: [Received] = []
    /// How the last exchange that did not save ended; gone when the next begins.
    public var ended: Ending?
    /// Distributors that announce themselves, and can be called.
    public var distributors: [DiscoveredDistributor] = []
    /// How the call to a distributor stands, if one was made.
    public var call: DialState?
}

/// An exchange that broke off and goes on.
public struct Resumption: Equatable, Sendable {
    /// Whose it is.
    public let sender: Sender
    /// What the distributor's screen shows: to be shown here too, for its person may have to compare.
    public let code: ComparisonCode
}

/// Waiting for distributors. Letting go of it ends it too, without telling them.
public final class Receiving: Sendable {
    private let session: ReceiveSession
    private let ending = Once()

    /// What to show.
    public let status = Live(ReceivingStatus())

    init(session: ReceiveSession, router: Router) throws {
        self.session = session
        router.watch(try session.id()) { [weak session, status] event in
            if event.isOver { status.finish() } else { status.take(event, of: session) }
        }
        status.update { $0.question = session.waiting }
    }

    /// Where it listens just now; none while there is no network.
    public var address: String? { ifOpen { try session.addr() } ?? nil }

    /// Calls a distributor, and again whenever the line breaks; `expected` is who must answer.
    public func dial(_ address: String, expected: Fingerprint? = nil) throws {
        try session.dial(addr: address, expected: expected)
    }

    /// Calls whoever has made this invite; no code is compared.
    public func dial(invite uri: String) throws {
        try session.dialInvite(uri: uri, now: Date().milliseconds)
    }

    /// Calls nobody any more.
    public func disconnect() throws {
        try session.disconnect()
    }

    /// Answers a question; nothing happens if it is no longer open.
    public func answer(_ question: Question, _ answer: Answer) throws {
        try session.answer(question: question.id, answer: answer)
        status.update { if $0.question?.id == question.id { $0.question = nil } }
    }

    /// Cancels whatever still runs, tells the distributor, and ends, even if the task is cancelled. What was staged stays for a
    /// later exchange. Nothing happens the second time.
    public func stop() async throws {
        try await ending.run { [session] in try await session.stop() }
    }
}

extension ReceiveSession {
    fileprivate var waiting: Question? { ifOpen { try openQuestion() } ?? nil }

    fileprivate var heard: [DiscoveredDistributor] { ifOpen { try distributors() } ?? [] }
}

extension Live where Value == ReceivingStatus {
    fileprivate func take(_ event: Event, of session: ReceiveSession?) {
        update { status in
            switch event {
            case .asked(_, let question):
                (status.question, status.resumed, status.ended) = (question, nil, nil)
                return
            case .receiveProgress(_, let state):
                status.state = state
                return
            case .receiveChanged(_, let state):
                status.state = state
            case .distributorFound, .distributorLost:
                status.distributors = session?.heard ?? []
            case .dialChanged(_, _, let state):
                status.call = state
            case .resumed(_, let sender, let code):
                (status.resumed, status.ended) = (Resumption(sender: sender, code: code), nil)
            case .saved(_, let received):
                status.saved.append(received)
                status.resumed = nil
            case .ended(_, _, let ending):
                (status.ended, status.resumed) = (ending, nil)
            default:
                break
            }
            status.question = session?.waiting
        }
    }
}
