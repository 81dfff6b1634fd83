import Foundation

/// The state for a receiver's screen.
public struct ReceivingStatus: Equatable, Sendable {
    /// The state of receiving.
    public var state: ReceiveState = .waiting
    /// The question that waits for the user.
    public var question: Question?
    /// An exchange that continues without a question, because the user accepted it before; nil after it has ended.
    public var resumed: Resumption?
    /// Bundles saved in this session, newest last.
    public var saved: [Received] = []
    /// How the last unsuccessful exchange ended; nil when the next one starts.
    public var ended: Ending?
    /// Distributors that announce themselves and can be dialed.
    public var distributors: [DiscoveredDistributor] = []
    /// The state of dialing a distributor, if any.
    public var dial: DialState?
}

/// An interrupted exchange that continues.
public struct Resumption: Equatable, Sendable {
    /// The sender.
    public let sender: Sender
    /// The code on the distributor's screen. Show it here too: the distributor's user may have to compare it.
    public let code: ComparisonCode
}

/// A session that waits for distributors. Releasing this object ends it without notifying them.
public final class Receiving: Sendable {
    private let session: ReceiveSession
    private let ending = Once()

    /// The state to show.
    public let status = Live(ReceivingStatus())

    init(session: ReceiveSession, router: Router) throws {
        self.session = session
        router.watch(try session.id()) { [weak session, status] event in
            if event.isOver { status.finish() } else { status.take(event, of: session) }
        }
        status.update { $0.question = session.pendingQuestion }
    }

    /// The current address; nil while there is no network.
    public var address: String? { ifOpen { try session.addr() } ?? nil }

    /// Connects to a distributor and reconnects whenever the connection breaks. `expected` is the device that must
    /// answer.
    public func dial(_ address: String, expected: Fingerprint? = nil) throws {
        try session.dial(addr: address, expected: expected)
    }

    /// Connects to the device that made this invite. No code is compared.
    public func dial(invite uri: String) throws {
        try session.dialInvite(uri: uri, now: Date().milliseconds)
    }

    /// Stops connecting to the distributor.
    public func disconnect() throws {
        try session.disconnect()
    }

    /// Answers a question. Has no effect if it is no longer open.
    public func answer(_ question: Question, _ answer: Answer) throws {
        try session.answer(question: question.id, answer: answer)
        status.update { if $0.question?.id == question.id { $0.question = nil } }
    }

    /// Cancels the running exchange, notifies the distributor, and ends the session, even if the task is cancelled.
    /// Staged data is kept for a later exchange. A second call has no effect.
    public func stop() async throws {
        try await ending.run { [session] in try await session.stop() }
    }
}

extension ReceiveSession {
    fileprivate var pendingQuestion: Question? { ifOpen { try openQuestion() } ?? nil }

    fileprivate var discovered: [DiscoveredDistributor] { ifOpen { try distributors() } ?? [] }
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
                status.distributors = session?.discovered ?? []
            case .dialChanged(_, _, let state):
                status.dial = state
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
            status.question = session?.pendingQuestion
        }
    }
}
