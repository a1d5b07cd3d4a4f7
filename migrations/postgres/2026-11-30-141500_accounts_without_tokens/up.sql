-- An account without a token keeps the last day; one whose tokens do not expire is told apart from it.
UPDATE accounts SET first_expiry_at = '9999-12-30 00:00:00' WHERE first_expiry_at = '9999-12-31 00:00:00' AND EXISTS (
    SELECT 1 FROM tokens t WHERE t.account_id = accounts.id AND t.revoked_at IS NULL AND t.replaced_by IS NULL);
