-- The tokens that these roles speak of are the users' own: a system account with the role can have any.
UPDATE roles SET description = 'Reads everything and changes nothing. Users with it can have read-only tokens of their own.'
    WHERE description = 'Reads everything, changes nothing, and may have read-only tokens.';
UPDATE roles SET description = 'Reads contract data, teams and users. Users with it can''t create tokens of their own.'
    WHERE description = 'Reads contract data, teams and users. Can''t have API tokens.';
