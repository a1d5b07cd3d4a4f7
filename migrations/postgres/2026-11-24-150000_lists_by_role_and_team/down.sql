ALTER TABLE account_roles DROP COLUMN kind, DROP COLUMN disabled, DROP COLUMN name_key;
CREATE INDEX account_roles_by_role ON account_roles (role_id, account_id);

ALTER TABLE team_members DROP COLUMN kind, DROP COLUMN disabled, DROP COLUMN name_key,
    DROP CONSTRAINT team_members_pkey, ADD PRIMARY KEY (team_id, account_id);
CREATE INDEX team_members_by_account ON team_members (account_id, team_id);
