-- Permissions that gateways asked for and somebody's token lacked: the form of a role offers them.
CREATE TABLE wanted_permissions (
    permission TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at TIMESTAMP NOT NULL
);
