ALTER TABLE accounts DROP COLUMN last_login_from;
ALTER TABLE accounts DROP COLUMN password_set_at;
