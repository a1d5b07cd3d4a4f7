-- Identities are UUIDs kept as text, so that one schema serves both engines. The Postgres twin of this file marks its
-- sorted text COLLATE "C": bytes decide the order there as they do here, and both engines show the same pages.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE accounts (
    -- The search index refers to rows by number, and only a declared one survives VACUUM.
    search_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'system')),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    search_text TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    password_hash TEXT,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT,
    created_by_name TEXT NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    last_login_at TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00',
    last_used_at TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00',
    first_expiry_at TIMESTAMP NOT NULL DEFAULT '9999-12-31 00:00:00',
    CONSTRAINT accounts_machines_have_no_password CHECK (kind = 'user' OR password_hash IS NULL),
    CONSTRAINT accounts_users_have_an_email CHECK (kind = 'system' OR email_key IS NOT NULL)
);
CREATE UNIQUE INDEX accounts_system_name ON accounts (name_key) WHERE kind = 'system' AND NOT disabled;
CREATE UNIQUE INDEX accounts_user_email ON accounts (email_key) WHERE kind = 'user';
CREATE INDEX accounts_by_name ON accounts (kind, name_key, id);
CREATE INDEX accounts_by_state ON accounts (kind, disabled, name_key, id);
CREATE INDEX accounts_by_login ON accounts (kind, last_login_at, name_key, id, disabled);
CREATE INDEX accounts_by_use ON accounts (kind, last_used_at, name_key, id, disabled);
CREATE INDEX accounts_by_expiry ON accounts (kind, first_expiry_at, name_key, id, disabled);

-- Any three letters of a name or description, found without reading the table (Postgres: pg_trgm).
CREATE VIRTUAL TABLE accounts_search USING fts5 (
    search_text, content = 'accounts', content_rowid = 'search_id', tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER accounts_search_insert AFTER INSERT ON accounts BEGIN
    INSERT INTO accounts_search (rowid, search_text) VALUES (new.search_id, new.search_text);
END;
CREATE TRIGGER accounts_search_delete AFTER DELETE ON accounts BEGIN
    INSERT INTO accounts_search (accounts_search, rowid, search_text) VALUES ('delete', old.search_id, old.search_text);
END;
CREATE TRIGGER accounts_search_update AFTER UPDATE OF search_text ON accounts BEGIN
    INSERT INTO accounts_search (accounts_search, rowid, search_text) VALUES ('delete', old.search_id, old.search_text);
    INSERT INTO accounts_search (rowid, search_text) VALUES (new.search_id, new.search_text);
END;

CREATE TABLE account_totals (
    kind TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (kind, disabled)
);
INSERT INTO account_totals (kind, disabled, total)
    VALUES ('user', FALSE, 0), ('user', TRUE, 0), ('system', FALSE, 0), ('system', TRUE, 0);

CREATE TABLE deleted_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    deleted_at TIMESTAMP NOT NULL
);

CREATE TABLE roles (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    predefined BOOLEAN NOT NULL DEFAULT FALSE,
    locked BOOLEAN NOT NULL DEFAULT FALSE,
    assignable BOOLEAN NOT NULL DEFAULT TRUE,
    created_at TIMESTAMP NOT NULL
);
CREATE TABLE role_permissions (
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role_id, permission)
) WITHOUT ROWID;
CREATE INDEX role_permissions_by_permission ON role_permissions (permission, role_id);
CREATE TABLE account_roles (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, role_id)
) WITHOUT ROWID;
CREATE INDEX account_roles_by_role ON account_roles (role_id, account_id);

CREATE TABLE teams (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL
);
CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, account_id)
) WITHOUT ROWID;
CREATE INDEX team_members_by_account ON team_members (account_id, team_id);
CREATE TABLE team_administrators (
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, account_id)
) WITHOUT ROWID;
CREATE INDEX team_administrators_by_account ON team_administrators (account_id, team_id);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    access TEXT NOT NULL CHECK (access IN ('read', 'write')),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    created_at TIMESTAMP NOT NULL,
    created_by_name TEXT NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP,
    replaced_by TEXT,
    last_used_at TIMESTAMP,
    last_used_from TEXT,
    last_used_agent TEXT
);
CREATE INDEX tokens_by_account ON tokens (account_id, created_at);
CREATE INDEX tokens_by_expiry ON tokens (expires_at, account_id);

CREATE TABLE account_days (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day DATE NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, day)
) WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    address TEXT,
    user_agent TEXT
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE one_time_links (
    digest BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'password')),
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

CREATE TABLE audit_changes (
    id TEXT NOT NULL PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    actor_name TEXT NOT NULL,
    session_id TEXT,
    token_id TEXT,
    address TEXT,
    user_agent TEXT,
    request_id TEXT,
    undoes TEXT UNIQUE
);
CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL DEFAULT (
        lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
            || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
    ),
    change_id TEXT NOT NULL REFERENCES audit_changes (id),
    type TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT,
    target_name TEXT NOT NULL,
    object_id TEXT,
    object_name TEXT,
    detail TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_events_by_target ON audit_events (target_id, seq);
CREATE INDEX audit_events_by_change ON audit_events (change_id, type, target_id, object_id);

-- The changes that administrators made, in the order of their commits: what an instance that keeps accounts in memory
-- has to look at again. (The numbers of audit_events are given before the commit, and so are not in that order.)
CREATE TABLE revisions (
    revision INTEGER NOT NULL PRIMARY KEY,
    change_id TEXT NOT NULL REFERENCES audit_changes (id)
);
