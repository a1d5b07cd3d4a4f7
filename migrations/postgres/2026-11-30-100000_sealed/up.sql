-- Secrets until their one page has been shown: values of new tokens, and links. Each is sealed with a key that is nowhere but
-- in the session's cookie.
CREATE TABLE sealed_secrets (
    id TEXT COLLATE "C" PRIMARY KEY,
    sealed TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
INSERT INTO sealed_secrets SELECT token_id, sealed, expires_at FROM token_values;
DROP TABLE token_values;
