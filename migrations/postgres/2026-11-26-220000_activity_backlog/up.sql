-- What instances have seen of tokens and not yet written to its place: a row for each part, replaced each interval. To
-- compress what is read so seldom would cost more than it takes.
CREATE TABLE activity_backlog (
    id TEXT COLLATE "C" PRIMARY KEY,
    instance TEXT COLLATE "C" NOT NULL,
    patience BIGINT NOT NULL,
    format INTEGER NOT NULL,
    content BYTEA NOT NULL
);
ALTER TABLE activity_backlog ALTER COLUMN content SET STORAGE EXTERNAL;
