-- Roles and memberships carry copies of what the list is narrowed and sorted by, so that the accounts of a role or team
-- are read and counted in the list's own order, however many there are. Muster keeps the copies with every change.

CREATE TABLE account_roles_with_copies (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    name_key TEXT NOT NULL,
    PRIMARY KEY (account_id, role_id)
) WITHOUT ROWID;
INSERT INTO account_roles_with_copies (account_id, role_id, kind, disabled, name_key)
    SELECT r.account_id, r.role_id, a.kind, a.disabled, a.name_key FROM account_roles r JOIN accounts a ON a.id = r.account_id;
DROP TABLE account_roles;
ALTER TABLE account_roles_with_copies RENAME TO account_roles;
CREATE INDEX account_roles_by_state ON account_roles (role_id, kind, disabled, name_key, account_id);
CREATE INDEX account_roles_by_name ON account_roles (role_id, kind, name_key, account_id);

CREATE TABLE team_members_with_copies (
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    name_key TEXT NOT NULL,
    PRIMARY KEY (account_id, team_id)
) WITHOUT ROWID;
INSERT INTO team_members_with_copies (team_id, account_id, kind, disabled, name_key)
    SELECT m.team_id, m.account_id, a.kind, a.disabled, a.name_key FROM team_members m JOIN accounts a ON a.id = m.account_id;
DROP TABLE team_members;
ALTER TABLE team_members_with_copies RENAME TO team_members;
CREATE INDEX team_members_by_state ON team_members (team_id, kind, disabled, name_key, account_id);
CREATE INDEX team_members_by_name ON team_members (team_id, kind, name_key, account_id);
