-- The list of all tokens: searched by name, newest first.
ALTER TABLE tokens ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
CREATE INDEX tokens_by_creation ON tokens (created_at, id);
-- Those whose name has not been folded yet: SQL cannot do it.
CREATE INDEX tokens_to_fold ON tokens (id) WHERE name_key = '';

-- The value of a new token, until its page has been shown: sealed with a key that is nowhere but in the session's cookie.
CREATE TABLE token_values (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
) WITHOUT ROWID;

-- The tokens of a selection; those that were found in a text say whether it held their whole value.
CREATE TABLE selection_tokens (
    selection_id TEXT NOT NULL REFERENCES selections (id) ON DELETE CASCADE,
    token_id TEXT NOT NULL,
    whole BOOLEAN NOT NULL,
    PRIMARY KEY (selection_id, token_id)
) WITHOUT ROWID;
