UPDATE accounts SET search_text = substr(search_text, 1, length(search_text) - length(email_key) - 1)
    WHERE email_key IS NOT NULL;
