ALTER TABLE one_time_links DROP COLUMN created_by;
DROP TABLE invitations;
