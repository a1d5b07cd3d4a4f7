DROP INDEX accounts_by_name;
DROP INDEX accounts_by_state;
CREATE INDEX accounts_by_name ON accounts (kind, name_key, id);
CREATE INDEX accounts_by_state ON accounts (kind, disabled, name_key, id);
