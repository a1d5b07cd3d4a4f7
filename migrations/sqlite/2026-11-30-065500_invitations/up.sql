-- A user who has been invited and has not set a password yet. They hold a seat like every other enabled user. The digest of
-- the link's key is NULL once the link has been ended by something else than its use.
CREATE TABLE invitations (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    digest TEXT UNIQUE,
    named BOOLEAN NOT NULL,
    invited_by TEXT,
    invited_by_name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX invitations_by_inviter ON invitations (invited_by);
INSERT INTO invitations (account_id, digest, named, invited_by, invited_by_name, created_at, expires_at)
    SELECT a.id,
        (SELECT lower(hex(l.digest)) FROM one_time_links l WHERE l.account_id = a.id AND l.purpose = 'password'
            ORDER BY l.expires_at DESC, l.digest LIMIT 1),
        TRUE, a.created_by, a.created_by_name, a.created_at,
        coalesce((SELECT max(l.expires_at) FROM one_time_links l WHERE l.account_id = a.id AND l.purpose = 'password'), a.created_at)
    FROM accounts a WHERE a.kind = 'user' AND a.password_hash IS NULL;
DELETE FROM one_time_links WHERE account_id IN (SELECT account_id FROM invitations);
-- Who made a link answers for it until it is used; nobody but the command line where there is none.
ALTER TABLE one_time_links ADD COLUMN created_by TEXT;
