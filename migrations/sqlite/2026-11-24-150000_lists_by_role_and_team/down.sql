CREATE TABLE account_roles_without_copies (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, role_id)
) WITHOUT ROWID;
INSERT INTO account_roles_without_copies (account_id, role_id) SELECT account_id, role_id FROM account_roles;
DROP TABLE account_roles;
ALTER TABLE account_roles_without_copies RENAME TO account_roles;
CREATE INDEX account_roles_by_role ON account_roles (role_id, account_id);

CREATE TABLE team_members_without_copies (
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, account_id)
) WITHOUT ROWID;
INSERT INTO team_members_without_copies (team_id, account_id) SELECT team_id, account_id FROM team_members;
DROP TABLE team_members;
ALTER TABLE team_members_without_copies RENAME TO team_members;
CREATE INDEX team_members_by_account ON team_members (account_id, team_id);
