CREATE TABLE peer (
-- Devices whose code was compared once: their key is known, and nobody is asked to compare again.
    fingerprint BLOB NOT NULL PRIMARY KEY CHECK (length(fingerprint) = 32), -- BLAKE3 of the device's public key
    name TEXT NOT NULL,     -- what it called itself then
    since INTEGER NOT NULL  -- when, in milliseconds by this device's clock: for people to read, nothing rests on it
) STRICT;
