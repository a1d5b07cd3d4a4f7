-- What instances have seen of tokens and not yet written to its place: a row for each part, replaced each interval.
CREATE TABLE activity_backlog (
    id TEXT NOT NULL PRIMARY KEY,
    instance TEXT NOT NULL,
    patience INTEGER NOT NULL,
    format INTEGER NOT NULL,
    content BLOB NOT NULL
);
