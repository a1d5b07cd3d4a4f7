CREATE TABLE token_values (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
INSERT INTO token_values SELECT id, sealed, expires_at FROM sealed_secrets WHERE id IN (SELECT id FROM tokens);
DROP TABLE sealed_secrets;
