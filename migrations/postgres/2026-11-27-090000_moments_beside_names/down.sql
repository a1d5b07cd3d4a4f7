-- For SQLite alone: Postgres reads the rows quickly enough.
SELECT 1;
