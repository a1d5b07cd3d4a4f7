DROP INDEX accounts_by_state;
CREATE INDEX accounts_by_state ON accounts (kind, disabled, name_key, id);
