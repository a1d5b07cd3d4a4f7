-- Roles and memberships carry copies of what the list is narrowed and sorted by, so that the accounts of a role or team
-- are read and counted in the list's own order, however many there are. Muster keeps the copies with every change.

-- Instances of the version before may still run. The first lock is the one that every change takes: the change that is in
-- progress ends first, and the next one waits. The second keeps those who read from locking half of what is altered here.
SELECT pg_advisory_xact_lock(7310579);
LOCK TABLE account_roles, team_members IN ACCESS EXCLUSIVE MODE;
SET LOCAL enable_seqscan = on;

DROP INDEX account_roles_by_role;
ALTER TABLE account_roles ADD COLUMN kind TEXT, ADD COLUMN disabled BOOLEAN, ADD COLUMN name_key TEXT COLLATE "C";
UPDATE account_roles r SET kind = a.kind, disabled = a.disabled, name_key = a.name_key FROM accounts a WHERE a.id = r.account_id;
ALTER TABLE account_roles
    ALTER COLUMN kind SET NOT NULL, ALTER COLUMN disabled SET NOT NULL, ALTER COLUMN name_key SET NOT NULL;
CREATE INDEX account_roles_by_state ON account_roles (role_id, kind, disabled, name_key, account_id);
CREATE INDEX account_roles_by_name ON account_roles (role_id, kind, name_key, account_id);

DROP INDEX team_members_by_account;
ALTER TABLE team_members ADD COLUMN kind TEXT, ADD COLUMN disabled BOOLEAN, ADD COLUMN name_key TEXT COLLATE "C";
UPDATE team_members m SET kind = a.kind, disabled = a.disabled, name_key = a.name_key FROM accounts a WHERE a.id = m.account_id;
ALTER TABLE team_members
    ALTER COLUMN kind SET NOT NULL, ALTER COLUMN disabled SET NOT NULL, ALTER COLUMN name_key SET NOT NULL,
    DROP CONSTRAINT team_members_pkey, ADD PRIMARY KEY (account_id, team_id);
CREATE INDEX team_members_by_state ON team_members (team_id, kind, disabled, name_key, account_id);
CREATE INDEX team_members_by_name ON team_members (team_id, kind, name_key, account_id);
