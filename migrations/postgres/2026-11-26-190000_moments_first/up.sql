-- A list with a filter on a moment reads accounts by name and looks at the moment of each. Postgres finds a column of a row by
-- going through all that stand before it, quickly where those have a fixed length. What such filters look at comes first now,
-- which takes a third off the time of reading the rows.
--
-- That is for new installations alone: a table with accounts in it, or with rights that an operator has given, is left as it is.
-- No statement depends on the order of the columns.
DO $$
BEGIN
    -- No instance of the version before writes the first account meanwhile.
    LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT 1 FROM accounts)
        OR EXISTS (SELECT 1 FROM pg_class WHERE oid = 'accounts'::regclass
            AND (relacl IS NOT NULL OR pg_get_userbyid(relowner) <> current_user))
    THEN
        RETURN;
    END IF;
    ALTER TABLE account_days DROP CONSTRAINT account_days_account_id_fkey;
    ALTER TABLE account_roles DROP CONSTRAINT account_roles_account_id_fkey;
    ALTER TABLE one_time_links DROP CONSTRAINT one_time_links_account_id_fkey;
    ALTER TABLE sessions DROP CONSTRAINT sessions_account_id_fkey;
    ALTER TABLE team_administrators DROP CONSTRAINT team_administrators_account_id_fkey;
    ALTER TABLE team_members DROP CONSTRAINT team_members_account_id_fkey;
    ALTER TABLE tokens DROP CONSTRAINT tokens_account_id_fkey;
    DROP TABLE accounts;
    CREATE TABLE accounts (
        last_used_at TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00',
        first_expiry_at TIMESTAMP NOT NULL DEFAULT '9999-12-31 00:00:00',
        last_login_at TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00',
        created_at TIMESTAMP NOT NULL,
        updated_at TIMESTAMP NOT NULL,
        disabled BOOLEAN NOT NULL DEFAULT FALSE,
        id TEXT COLLATE "C" PRIMARY KEY,
        kind TEXT NOT NULL CONSTRAINT accounts_kind_check CHECK (kind IN ('user', 'system')),
        name_key TEXT COLLATE "C" NOT NULL,
        name TEXT NOT NULL,
        search_text TEXT NOT NULL,
        description TEXT NOT NULL DEFAULT '',
        email TEXT,
        email_key TEXT COLLATE "C",
        password_hash TEXT,
        created_by TEXT,
        created_by_name TEXT NOT NULL,
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
    CREATE INDEX accounts_search ON accounts USING gin (search_text gin_trgm_ops);
    ALTER TABLE account_days ADD CONSTRAINT account_days_account_id_fkey
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
    ALTER TABLE account_roles ADD CONSTRAINT account_roles_account_id_fkey
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
    ALTER TABLE one_time_links ADD CONSTRAINT one_time_links_account_id_fkey
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
    ALTER TABLE sessions ADD CONSTRAINT sessions_account_id_fkey
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
    ALTER TABLE team_administrators ADD CONSTRAINT team_administrators_account_id_fkey
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
    ALTER TABLE team_members ADD CONSTRAINT team_members_account_id_fkey
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
    ALTER TABLE tokens ADD CONSTRAINT tokens_account_id_fkey
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
END $$;

-- What is written is first listed beside the index of words, and every search reads that list, at 8 microseconds a page: up to
-- 4 MB where nothing is said. An account's row is written, at most once a minute, when it is used.
ALTER INDEX accounts_search SET (gin_pending_list_limit = 256);
