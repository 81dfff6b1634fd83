/// All records that match a query, read page by page during iteration.
public struct AllRecords: AsyncSequence, Sendable {
    public typealias Element = StoredRecord

    let engine: FieldcastEngine
    let query: RecordQuery

    public func makeAsyncIterator() -> Iterator {
        Iterator(engine: engine, query: query, offset: query.offset)
    }

    /// Reads the next page when the current one is used up.
    public struct Iterator: AsyncIteratorProtocol {
        let engine: FieldcastEngine
        let query: RecordQuery
        var offset: UInt64
        var page: ArraySlice<StoredRecord> = []
        var isLast = false

        public mutating func next() async throws -> StoredRecord? {
            if page.isEmpty, !isLast {
                let records = try await engine.records(query: query.from(offset))
                offset += UInt64(records.count)
                isLast = records.count < Int(query.limit) || records.isEmpty
                page = records[...]
            }
            return page.popFirst()
        }
    }
}

extension RecordQuery {
    fileprivate func from(_ offset: UInt64) -> RecordQuery {
        RecordQuery(
            dataset: dataset, boundary: boundary, entity: entity, id: id, root: root, includeDeleted: includeDeleted,
            limit: limit, offset: offset
        )
    }
}
