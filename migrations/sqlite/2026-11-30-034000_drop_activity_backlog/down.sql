-- Earlier versions note down here what they have not yet written of the activity of tokens.
CREATE TABLE activity_backlog (
    id TEXT NOT NULL PRIMARY KEY,
    instance TEXT NOT NULL,
    patience INTEGER NOT NULL,
    format INTEGER NOT NULL,
    content BLOB NOT NULL
);
