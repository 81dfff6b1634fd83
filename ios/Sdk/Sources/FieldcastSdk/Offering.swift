import Foundation

/// An offer of datasets to nearby receivers. Releasing this object ends the offer without notifying them.
public final class Offering: Sendable {
    private let session: OfferSession
    private let ending = Once()

    /// The offered data.
    public let offer: Offer

    /// All receivers found so far, the state of sending to each, and the codes to compare.
    public let receivers = Live<[NearbyReceiver]>([])

    /// The codes on the screens of trusted receivers, by fingerprint, until their users answer. This side's user need
    /// not compare them, but the receiver's user may want to.
    public let codesShown = Live<[Fingerprint: ComparisonCode]>([:])

    init(session: OfferSession, router: Router) throws {
        self.session = session
        offer = try session.offer()
        router.watch(try session.id()) { [weak session, receivers, codesShown] event in
            codesShown.take(event)
            if event.isOver { receivers.finish() } else { receivers.look(at: session) }
        }
        receivers.look(at: session)
    }

    /// The current address for receivers; nil while there is no network.
    public var address: String? { ifOpen { try session.addr() } ?? nil }

    /// An invite to this offer, for a QR code. A reader of the invite needs no code. It contains the group's
    /// passphrase, so do not log it.
    public func invite(group: WifiGroup? = nil, expires: Date) throws -> String {
        try session.invite(group: group, expires: expires.milliseconds)
    }

    /// Identifies the receiver at this address and adds it to the list.
    public func find(at address: String) async throws -> FoundPeer {
        let found = try await session.findAt(addr: address)
        receivers.look(at: session)
        return found
    }

    /// Sends to a receiver. Has no effect if the transfer is running or done.
    public func send(to receiver: Fingerprint) throws {
        try session.sendTo(receiver: receiver)
        receivers.look(at: session)
    }

    /// Answers whether a receiver's screen shows the same code.
    public func answer(_ receiver: Fingerprint, _ answer: Answer) throws {
        try session.answer(receiver: receiver, answer: answer)
        receivers.look(at: session) // otherwise a waiting screen would ask for the code again
    }

    /// Cancels sending to a receiver and notifies it.
    public func cancel(_ receiver: Fingerprint) throws {
        try session.cancel(receiver: receiver)
    }

    /// Waits until every selected receiver has saved or failed. Cancelling the wait does not cancel sending.
    public func finished() async throws {
        try await session.finished()
        receivers.look(at: session)
    }

    /// Cancels all running transfers, notifies the receivers, and ends the offer, even if the task is cancelled. A
    /// second call has no effect.
    public func stop() async throws {
        try await ending.run { [session] in try await session.stop() }
    }
}

extension Live where Value == [NearbyReceiver] {
    fileprivate func look(at session: OfferSession?) {
        guard let session, let found = ifOpen({ try session.receivers() }) else { return }
        update { $0 = found }
    }
}

extension Live where Value == [Fingerprint: ComparisonCode] {
    fileprivate func take(_ event: Event) {
        switch event {
        case .codeShown(_, let receiver, let code):
            update { $0[receiver.fingerprint] = code }
        case .sendChanged(_, _, .queued), .sendChanged(_, _, .connecting), .sendChanged(_, _, .asking):
            break
        case .sendChanged(_, let receiver, _):
            update { $0[receiver] = nil }
        case .over:
            finish()
        default:
            break
        }
    }
}

extension Date {
    /// Milliseconds since 1970, as Fieldcast uses them.
    var milliseconds: Int64 { Int64(timeIntervalSince1970 * 1000) }
}
