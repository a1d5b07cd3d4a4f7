-- For Postgres alone: in SQLite the order of the columns costs nothing worth a change, and words have an index of another kind.
SELECT 1;
