CREATE TABLE origin (
    -- Which other device answers for the version a dataset had when it was taken over; handed on while that is the version.
    dataset INTEGER PRIMARY KEY REFERENCES dataset (id) ON DELETE CASCADE,
    summary BLOB NOT NULL,           -- the snapshot it has signed, in the form it has in an offer on the wire (postcard)
    key BLOB NOT NULL CHECK (length(key) = 32), -- its public key
    name TEXT NOT NULL,              -- what it called itself
    seal BLOB NOT NULL CHECK (length(seal) = 32), -- the seal of the records that it has signed with the summary
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
