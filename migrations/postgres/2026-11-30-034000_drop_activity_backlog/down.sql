-- Earlier versions note down here what they have not yet written of the activity of tokens.
CREATE TABLE activity_backlog (
    id TEXT COLLATE "C" PRIMARY KEY,
    instance TEXT COLLATE "C" NOT NULL,
    patience BIGINT NOT NULL,
    format INTEGER NOT NULL,
    content BYTEA NOT NULL
);
ALTER TABLE activity_backlog ALTER COLUMN content SET STORAGE EXTERNAL;
