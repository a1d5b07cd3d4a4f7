DROP INDEX deleted_accounts_by_kind;
DROP INDEX accounts_without_owner;
DROP INDEX accounts_by_owner;
ALTER TABLE accounts DROP COLUMN owner_id;
