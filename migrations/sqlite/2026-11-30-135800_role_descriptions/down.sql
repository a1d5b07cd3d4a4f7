UPDATE roles SET description = 'Reads everything, changes nothing, and may have read-only tokens.'
    WHERE description = 'Reads everything and changes nothing. Users with it can have read-only tokens of their own.';
UPDATE roles SET description = 'Reads contract data, teams and users. Can''t have API tokens.'
    WHERE description = 'Reads contract data, teams and users. Users with it can''t create tokens of their own.';
