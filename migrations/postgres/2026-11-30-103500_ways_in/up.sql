-- From where a user last signed in, and when they got the password that they have. Of before only what the audit log tells is known.
ALTER TABLE accounts ADD COLUMN last_login_from TEXT COLLATE "C";
ALTER TABLE accounts ADD COLUMN password_set_at TIMESTAMP;
UPDATE accounts SET
    last_login_from = (SELECT e.address FROM audit_events e WHERE e.target_id = accounts.id AND e.type = 'session.started'
        ORDER BY e.seq DESC LIMIT 1),
    password_set_at = (SELECT e.at FROM audit_events e WHERE e.target_id = accounts.id
        AND e.type IN ('password.changed', 'invitation.accepted') ORDER BY e.seq DESC LIMIT 1)
    WHERE kind = 'user' AND password_hash IS NOT NULL;
