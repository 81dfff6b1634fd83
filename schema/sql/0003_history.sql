CREATE TABLE exchange (
    -- The history: one row an exchange that is over, saved or not, as this device saw it. Bounded: the oldest rows go.
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('sent', 'received')), -- what this device did
    peer BLOB NOT NULL CHECK (length(peer) = 32),            -- fingerprint of the other device
    peer_key BLOB CHECK (length(peer_key) = 32), -- its public key, to verify the receipt with; NULL = it was never reached
    peer_name TEXT NOT NULL,         -- what it called itself then; proves nothing
    started INTEGER NOT NULL,        -- this device's clock, ms: for people to read, nothing rests on it
    ended INTEGER NOT NULL,          -- likewise
    offered BLOB NOT NULL,           -- the snapshots, in the form they have in an offer on the wire (postcard)
    wire_bytes INTEGER NOT NULL,     -- over the sockets, both ways, TLS included
    result TEXT NOT NULL,            -- 'saved', or the code of the reason it ended: 'declined', 'lost', ...
    reason TEXT NOT NULL DEFAULT '', -- the reason for people; '' = saved
    receipt BLOB,                    -- what the receiver signed with its signature, as in `Saved` on the wire (postcard)
    digests BLOB,                    -- of each offered dataset what the receiver then had, as the receipt says (postcard)
    CHECK ((result = 'saved') = (receipt IS NOT NULL)),
    CHECK ((receipt IS NULL) = (digests IS NULL)),
    CHECK (result <> 'saved' OR peer_key IS NOT NULL)
) STRICT;
