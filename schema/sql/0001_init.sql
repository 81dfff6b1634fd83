-- Fieldcast's database. Comments stand inside the tables, so that `.schema` in the sqlite3 shell shows them.
-- Never edited once released: a change is a new file NNNN_*.sql; the version is the number of files applied.

CREATE TABLE setting (
    -- One row a choice made on this device: its name, the current project, ...
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE server_clock (
    -- The newest time a server has told this device in a download: no row or one.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    server INTEGER NOT NULL,         -- the server's clock, ms
    device INTEGER NOT NULL          -- this device's clock at the same time, ms
) STRICT;

CREATE TABLE login (
    -- Who is logged in on this device: no row or one.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    server TEXT NOT NULL,            -- base URL
    tenant TEXT NOT NULL,
    session TEXT NOT NULL            -- the downsync crate's, as JSON; holds the access token
) STRICT;

CREATE TABLE entity (
    -- Names of entity types, interned. Ids differ between devices: nothing that two devices compare may depend on them.
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE        -- Household, Task, ...
) STRICT;

CREATE TABLE dataset (
    -- What is synced as one: a boundary's families in one project, or what a project has outside all boundaries.
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    project TEXT NOT NULL,
    boundary TEXT NOT NULL DEFAULT '', -- code of the leaf boundary; '' = project-wide
    project_name TEXT NOT NULL DEFAULT '',
    boundary_name TEXT NOT NULL DEFAULT '',
    as_of INTEGER NOT NULL DEFAULT 0,  -- server time, ms: every change up to then is in; 0 = never complete
    own INTEGER NOT NULL DEFAULT 0,    -- provenance up to which, included, every record is this device's own download:
                                       -- that of its last verified download; 0 = there was none
    vouched INTEGER NOT NULL DEFAULT 0, -- provenance up to which, included, every record was in the same snapshot: that of
                                       -- the last verified download, or of the last bundle that left this very snapshot
    UNIQUE (tenant, project, boundary)
) STRICT;

CREATE TABLE provenance (
    -- Where records come from: one row a download run or received bundle and dataset, in the order of arrival. Kept while
    -- the dataset has records of it. AUTOINCREMENT: a later arrival always has a greater number.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    as_of INTEGER NOT NULL DEFAULT 0, -- server time, ms, as far as this device can vouch for it: of the run or the snapshot
    signer BLOB,                      -- public key of the device that signed the snapshot; NULL = this device's own download
    signer_name TEXT NOT NULL DEFAULT '', -- what the signer called itself
    sources BLOB NOT NULL DEFAULT x'', -- what the signer had merged, as its signature says (postcard); empty = its own download
    carrier BLOB,                     -- fingerprint of the device that sent the bundle; NULL = own download
    carrier_name TEXT NOT NULL DEFAULT '', -- what the carrier called itself
    records INTEGER NOT NULL DEFAULT 0 -- how many records of the dataset are of it; kept with the records
) STRICT;

CREATE INDEX provenance_dataset ON provenance (dataset);

CREATE TABLE record (
    -- The server's side of every record; unsent local edits never stand here.
    -- Not WITHOUT ROWID: with bodies in the tree that was measured at a quarter of the insert rate.
    id INTEGER PRIMARY KEY,
    dataset INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    entity INTEGER NOT NULL REFERENCES entity (id),
    key ANY NOT NULL,                -- clientReferenceId: 16-byte BLOB when it is a lower-case UUID, else TEXT
    root ANY NOT NULL,               -- key of the household it hangs off; its own when it hangs off none
    root_hash INTEGER NOT NULL,      -- first 63 bits of BLAKE3(printed root): where the family stands in key order
    row_version INTEGER NOT NULL DEFAULT 0,
    modified INTEGER NOT NULL DEFAULT 0, -- server time, ms; 0 = the server does not say
    changed INTEGER NOT NULL,        -- since when it counts as changed: `modified`, or, where the dataset was already as of
                                     -- then without it, the as_of it came with
    deleted INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0, -- 1 = deleted by this device: a verified full download no longer contained it
    provenance INTEGER NOT NULL,     -- where this version came from; no REFERENCES, which would be looked up a record
    hash BLOB NOT NULL,              -- BLAKE3 of envelope and body, 32 bytes
    body TEXT NOT NULL,              -- canonical JSON, every field the server sent; last, so the rest is read without it
    UNIQUE (dataset, entity, key)
) STRICT;

-- `changed` is in it so that "changed since, in this range" is answered from the index, without touching rows.
CREATE INDEX record_range ON record (dataset, root_hash, changed);

CREATE TABLE local_edit (
    -- What was registered or changed on this device and is not on the server yet: an overlay beside `record`. What
    -- arrives never touches it; digests, snapshots and bundles never cover it. No cascade: it is the only copy.
    dataset INTEGER NOT NULL REFERENCES dataset (id),
    entity INTEGER NOT NULL REFERENCES entity (id),
    key ANY NOT NULL,                -- as in `record`
    root ANY NOT NULL,
    base BLOB NOT NULL DEFAULT x'',  -- hash of the server's version it was made from; empty when there was none
    deleted INTEGER NOT NULL DEFAULT 0,
    edited_at INTEGER NOT NULL,      -- device time, ms; for people, decides nothing
    body TEXT NOT NULL,              -- canonical JSON
    PRIMARY KEY (dataset, entity, key)
) STRICT;

CREATE TABLE kept_change (
    -- How often what is kept in a second file has changed. If that file has the greater number, this one has lost changes.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;

INSERT INTO kept_change (id, number) VALUES (1, 0);

CREATE TABLE kept_check (
    -- A check of each row that is kept in a second file: it proves the row if that file is damaged, too.
    name TEXT NOT NULL,              -- of the table
    row INTEGER NOT NULL,            -- its rowid there
    value INTEGER NOT NULL,          -- four bytes of BLAKE3 of rowid and columns
    PRIMARY KEY (name, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE lost_edit (
    -- Edits that a recovery could not read, until the user has seen that they are possibly lost.
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,            -- name of the type; '' = unknown
    key TEXT NOT NULL                -- clientReferenceId; '' = there may be edits nobody can name
) STRICT;

CREATE TABLE range_digest (
    -- What each of the 4096 finest key ranges holds; kept in the transaction that changes the records.
    dataset INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    range INTEGER NOT NULL,          -- root_hash >> 51
    digest BLOB NOT NULL,            -- sum of the record hashes modulo 2^256, little-endian
    records INTEGER NOT NULL DEFAULT 0,
    json_bytes INTEGER NOT NULL DEFAULT 0,
    households INTEGER NOT NULL DEFAULT 0, -- those not deleted
    PRIMARY KEY (dataset, range)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_run (
    -- The newest download of each dataset from each server: how far it got. AUTOINCREMENT: a number is never used
    -- twice, so a job that was overtaken cannot write into its successor's run.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    server TEXT NOT NULL,            -- base URL
    dataset INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    provenance INTEGER NOT NULL,     -- of the records it brings
    project_provenance INTEGER,      -- of those that go to the project-wide dataset; NULL until one comes
    server_time INTEGER,             -- the latest time on the server's clock that a page told
    started INTEGER NOT NULL DEFAULT 0,  -- 1 once a page is in
    finished INTEGER NOT NULL DEFAULT 0, -- 1 once all pages are in and the dataset's as_of is settled
    as_of INTEGER,                       -- server time of the first page that tells one, less an overlap
    position TEXT NOT NULL DEFAULT '',   -- where the next page begins, as the downsync crate writes it; '' at the start
    done INTEGER NOT NULL DEFAULT 0,     -- households that came, for people
    total INTEGER NOT NULL DEFAULT 0,    -- households the server last said there are, for people
    bytes INTEGER NOT NULL DEFAULT 0,    -- received so far
    UNIQUE (server, dataset)
) STRICT;

CREATE TABLE sync_seen (
    -- Which records an unfinished run's pages carried, as ranges of record.id; the others are gone if the run proves
    -- to be full. Ranges of different pages may overlap.
    run INTEGER NOT NULL REFERENCES sync_run (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,           -- included
    PRIMARY KEY (run, first, last)
) STRICT, WITHOUT ROWID;

CREATE TABLE outranked (
    -- Versions an unfinished run's pages carried that have a smaller stamp than the version here. If the run proves to be
    -- full they replace it: the server outranks what devices say of it.
    provenance INTEGER NOT NULL,     -- the run's, in the record's dataset
    record INTEGER NOT NULL,         -- record.id
    root ANY NOT NULL,               -- this and the rest as in `record`
    row_version INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (provenance, record)
) STRICT;

CREATE TABLE undo (
    -- Datasets whose last change was a received bundle, and what they were before it; gone with the next change.
    dataset INTEGER PRIMARY KEY REFERENCES dataset (id) ON DELETE CASCADE,
    provenance INTEGER NOT NULL,     -- of the records the bundle brought
    before BLOB NOT NULL             -- the dataset's row and origin (postcard)
) STRICT;

CREATE TABLE undo_record (
    -- Versions the bundle replaced, whole.
    id INTEGER PRIMARY KEY,          -- record.id; this and the rest as in `record`
    dataset INTEGER NOT NULL REFERENCES undo (dataset) ON DELETE CASCADE,
    root ANY NOT NULL,
    row_version INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    provenance INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX undo_record_dataset ON undo_record (dataset);

CREATE TABLE chunk_cache (
    -- Encoded chunks, ready for the air. Valid while the range's digest is the one here; older ones stay for
    -- exchanges that began with them until they are trimmed.
    id INTEGER PRIMARY KEY,
    dataset INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    bits INTEGER NOT NULL,           -- how often the key space was halved
    range INTEGER NOT NULL,          -- which part
    digest BLOB NOT NULL,            -- of the records in it, 32 bytes
    hash BLOB NOT NULL,              -- BLAKE3 of bytes: the chunk's name
    bytes BLOB NOT NULL,
    UNIQUE (dataset, bits, range, digest)
) STRICT;

CREATE INDEX chunk_cache_hash ON chunk_cache (hash);

CREATE TABLE incoming (
    -- Bundles that were accepted, and what has come of them so far.
    id INTEGER PRIMARY KEY,
    bundle BLOB NOT NULL UNIQUE,     -- 32 bytes
    offered BLOB NOT NULL,           -- the snapshots in it (postcard)
    sender BLOB NOT NULL,            -- fingerprint of the sender's key, 32 bytes
    sender_name TEXT NOT NULL DEFAULT '',
    consent INTEGER NOT NULL DEFAULT 0 -- 0 none, or withdrawn, 1 given, 2 spent: the bundle was applied
) STRICT;

CREATE TABLE staged_chunk (
    -- Chunks received and verified, waiting to be applied: whatever is here is never asked for again.
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,       -- BLAKE3 of bytes
    incoming INTEGER NOT NULL REFERENCES incoming (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;

CREATE INDEX staged_chunk_incoming ON staged_chunk (incoming);

CREATE TABLE peer (
    -- Devices whose code was compared once: their key is known, and nobody is asked to compare again.
    fingerprint BLOB NOT NULL PRIMARY KEY CHECK (length(fingerprint) = 32), -- BLAKE3 of the device's public key
    name TEXT NOT NULL,     -- what it called itself then
    since INTEGER NOT NULL  -- when, in milliseconds by this device's clock: for people to read, nothing rests on it
) STRICT;

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

CREATE TABLE origin (
    -- Which other device answers for the version a dataset had when it was taken over; handed on while that is the version.
    dataset INTEGER PRIMARY KEY REFERENCES dataset (id) ON DELETE CASCADE,
    summary BLOB NOT NULL,           -- the snapshot it has signed, in the form it has in an offer on the wire (postcard)
    key BLOB NOT NULL CHECK (length(key) = 32), -- its public key
    name TEXT NOT NULL,              -- what it called itself
    seal BLOB NOT NULL CHECK (length(seal) = 32), -- the seal of the records that it has signed with the summary
    sources BLOB NOT NULL,           -- what it had merged, signed with the rest (postcard)
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

-- Views: the data for people and tools. Plain SQL and json1 only, so any sqlite3 shell reads them.

CREATE VIEW readable AS
-- Every record with its keys as text.
SELECT r.id, e.name AS entity, d.tenant, d.project, d.boundary,
    CASE typeof(r.key) WHEN 'blob' THEN lower(
        substr(hex(r.key), 1, 8) || '-' || substr(hex(r.key), 9, 4) || '-' || substr(hex(r.key), 13, 4) || '-' ||
        substr(hex(r.key), 17, 4) || '-' || substr(hex(r.key), 21)) ELSE r.key END AS client_reference_id,
    CASE typeof(r.root) WHEN 'blob' THEN lower(
        substr(hex(r.root), 1, 8) || '-' || substr(hex(r.root), 9, 4) || '-' || substr(hex(r.root), 13, 4) || '-' ||
        substr(hex(r.root), 17, 4) || '-' || substr(hex(r.root), 21)) ELSE r.root END AS root,
    r.row_version, r.modified, r.deleted, r.gone, r.body
FROM record r JOIN entity e ON e.id = r.entity JOIN dataset d ON d.id = r.dataset;

CREATE VIEW household AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    body ->> '$.memberCount' AS member_count,
    body ->> '$.householdType' AS household_type,
    body ->> '$.address.locality.code' AS locality,
    body ->> '$.address.latitude' AS latitude,
    body ->> '$.address.longitude' AS longitude,
    body
FROM readable WHERE entity = 'Household';

CREATE VIEW household_member AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    root AS household,
    body ->> '$.householdClientReferenceId' AS household_client_reference_id,
    body ->> '$.individualClientReferenceId' AS individual_client_reference_id,
    body ->> '$.isHeadOfHousehold' AS is_head_of_household,
    body
FROM readable WHERE entity = 'HouseholdMember';

CREATE VIEW individual AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    root AS household,
    body ->> '$.individualId' AS individual_id,
    body ->> '$.name.givenName' AS given_name,
    body ->> '$.name.familyName' AS family_name,
    body ->> '$.gender' AS gender,
    body ->> '$.dateOfBirth' AS date_of_birth,
    body ->> '$.mobileNumber' AS mobile_number,
    body
FROM readable WHERE entity = 'Individual';

CREATE VIEW project_beneficiary AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    root AS household,
    body ->> '$.projectId' AS project_id,
    body ->> '$.beneficiaryClientReferenceId' AS beneficiary_client_reference_id,
    body ->> '$.dateOfRegistration' AS date_of_registration,
    body ->> '$.tag' AS tag,
    body
FROM readable WHERE entity = 'ProjectBeneficiary';

CREATE VIEW task AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    root AS household,
    body ->> '$.projectId' AS project_id,
    body ->> '$.projectBeneficiaryClientReferenceId' AS project_beneficiary_client_reference_id,
    body ->> '$.status' AS status,
    body ->> '$.createdDate' AS created_date,
    body ->> '$.address.locality.code' AS locality, -- where it was delivered; may differ from the boundary
    body -> '$.resources' AS resources,
    body
FROM readable WHERE entity = 'Task';

CREATE VIEW side_effect AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    root AS household,
    body ->> '$.taskClientReferenceId' AS task_client_reference_id,
    body ->> '$.projectBeneficiaryClientReferenceId' AS project_beneficiary_client_reference_id,
    body -> '$.symptoms' AS symptoms,
    body
FROM readable WHERE entity = 'SideEffect';

CREATE VIEW referral AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    root AS household,
    body ->> '$.projectId' AS project_id,
    body ->> '$.projectBeneficiaryClientReferenceId' AS project_beneficiary_client_reference_id,
    body ->> '$.recipientType' AS recipient_type,
    body ->> '$.recipientId' AS recipient_id,
    body ->> '$.referralCode' AS referral_code,
    body -> '$.reasons' AS reasons,
    body
FROM readable WHERE entity = 'Referral';

CREATE VIEW hf_referral AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    body ->> '$.projectId' AS project_id,
    body ->> '$.projectFacilityId' AS project_facility_id,
    body ->> '$.symptom' AS symptom,
    body ->> '$.beneficiaryId' AS beneficiary_id,
    body ->> '$.referralCode' AS referral_code,
    body
FROM readable WHERE entity = 'HFReferral';

CREATE VIEW service AS
SELECT client_reference_id, tenant, project, boundary, row_version, modified, deleted,
    body ->> '$.id' AS server_id,
    root AS household,
    body ->> '$.serviceDefId' AS service_def_id,
    body ->> '$.referenceId' AS reference_id,
    body ->> '$.accountId' AS account_id,
    body -> '$.attributes' AS attributes,
    body
FROM readable WHERE entity = 'Service';
