-- The applications of a team: opaque names that the guarded API knows.
CREATE TABLE team_applications (
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (team_id, name)
);
