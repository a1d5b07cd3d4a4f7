-- Who answers for a system account: a user, at first the one who created it. No reference: an owner who is deleted is still
-- named, as one who has left.
ALTER TABLE accounts ADD COLUMN owner_id TEXT CHECK (owner_id IS NULL OR kind = 'system');
UPDATE accounts SET owner_id = created_by WHERE kind = 'system' AND created_by IN (
    SELECT id FROM accounts WHERE kind = 'user' UNION ALL SELECT id FROM deleted_accounts WHERE kind = 'user'
);
CREATE INDEX accounts_by_owner ON accounts (owner_id, kind, name_key, id, disabled) WHERE owner_id IS NOT NULL;
-- Those without an owner, by name: for the planner of Postgres a NULL in front is no single value.
CREATE INDEX accounts_without_owner ON accounts (kind, name_key, id, disabled) WHERE owner_id IS NULL;
CREATE INDEX deleted_accounts_by_kind ON deleted_accounts (kind, id);
