UPDATE accounts SET first_expiry_at = '9999-12-31 00:00:00' WHERE first_expiry_at = '9999-12-30 00:00:00';
