import Foundation

/// Datasets that are offered to the receivers near by. Letting go of it ends it too, without telling them.
public final class Offering: Sendable {
    private let session: OfferSession
    private let ending = Once()

    /// What is offered.
    public let offer: Offer

    /// Everyone found so far, how sending to them stands, and the codes that wait to be compared.
    public let receivers = Live<[NearbyReceiver]>([])

    /// What the screens of receivers show that are known here, by fingerprint, until they have said yes or no: nobody has to
    /// compare it on this side, but the receiver's person may look for it.
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

    /// Where receivers can call in just now; none while there is no network.
    public var address: String? { ifOpen { try session.addr() } ?? nil }

    /// An invite to call in here, for a QR code: whoever has read it is asked for no code. It holds the group's passphrase, so
    /// it is not to be logged.
    public func invite(group: WifiGroup? = nil, expires: Date) throws -> String {
        try session.invite(group: group, expires: expires.milliseconds)
    }

    /// Asks who is at this address, and puts the receiver there on the list.
    public func find(at address: String) async throws -> FoundPeer {
        let found = try await session.findAt(addr: address)
        receivers.look(at: session)
        return found
    }

    /// Sends to a receiver; nothing happens if that is going on or done already.
    public func send(to receiver: Fingerprint) throws {
        try session.sendTo(receiver: receiver)
        receivers.look(at: session)
    }

    /// Says whether a receiver's screen shows the same code.
    public func answer(_ receiver: Fingerprint, _ answer: Answer) throws {
        try session.answer(receiver: receiver, answer: answer)
        receivers.look(at: session) // or the code would be asked for again by a screen that has waited
    }

    /// Cancels sending to a receiver, which is told.
    public func cancel(_ receiver: Fingerprint) throws {
        try session.cancel(receiver: receiver)
    }

    /// Waits until every receiver that was picked has saved or failed. Cancelling the wait does not cancel the sending.
    public func finished() async throws {
        try await session.finished()
        receivers.look(at: session)
    }

    /// Cancels whatever still runs, tells the receivers, and ends, even if the task is cancelled. Nothing happens the second
    /// time.
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
        case .sendChanged(_, _, .queued), .sendChanged(_, _, .calling), .sendChanged(_, _, .asking):
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
    /// Since 1970, as Fieldcast counts.
    var milliseconds: Int64 { Int64(timeIntervalSince1970 * 1000) }
}
