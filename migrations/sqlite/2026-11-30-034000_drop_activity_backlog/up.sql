-- Activity is not noted down any more. What the table held has been written to its places before this runs.
DROP TABLE activity_backlog;
