-- The applications of a team: opaque names that the guarded API knows.
CREATE TABLE team_applications (
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (team_id, name)
) WITHOUT ROWID;
