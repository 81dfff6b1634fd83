CREATE TABLE campaign (
-- Campaigns whose key this device trusts to say who may distribute and receive what.
    key BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 32), -- Ed25519 public key
    name TEXT NOT NULL,        -- for people
    revoked_number INTEGER,    -- the number of the newest list of revoked devices; NULL if there was none
    revoked_list TEXT,         -- that list as it was signed, to be handed on
    since INTEGER NOT NULL     -- when it was trusted, in milliseconds by this device's clock: for people to read
) STRICT;

CREATE TABLE held_grant (
-- What campaigns have granted this device, to be shown to others.
    statement TEXT NOT NULL PRIMARY KEY,                          -- as it was signed
    campaign BLOB NOT NULL REFERENCES campaign ON DELETE CASCADE  -- who granted it
) STRICT;
