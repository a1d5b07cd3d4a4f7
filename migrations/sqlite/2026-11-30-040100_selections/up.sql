-- What somebody has selected, and what is asked about it, for a day: a page about it has an address, and a form that is sent
-- twice finds what it did.
CREATE TABLE selections (
    id TEXT NOT NULL PRIMARY KEY,
    asked_by TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    kind TEXT NOT NULL,
    -- What is to be done; empty for a selection alone.
    verb TEXT NOT NULL,
    params TEXT NOT NULL,
    -- For all that match, the list's filters, and a fingerprint of the set that was shown. NULL where accounts were ticked.
    filter TEXT,
    fingerprint TEXT NOT NULL,
    size BIGINT NOT NULL,
    back TEXT NOT NULL,
    -- What was done; NULL while nothing has been.
    outcome TEXT
) WITHOUT ROWID;
CREATE INDEX selections_by_expiry ON selections (expires_at);
CREATE INDEX selections_by_asker ON selections (asked_by);
-- Those that were ticked. One that is deleted stays in it, to be named.
CREATE TABLE selection_accounts (
    selection_id TEXT NOT NULL REFERENCES selections (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    PRIMARY KEY (selection_id, account_id)
) WITHOUT ROWID;
