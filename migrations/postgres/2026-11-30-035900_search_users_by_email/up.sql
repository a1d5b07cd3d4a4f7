-- The search finds users by their e-mail address, too.
UPDATE accounts SET search_text = search_text || chr(10) || email_key WHERE email_key IS NOT NULL;
