-- For SQLite alone: Postgres reads the rows quickly enough, and would write one index more whenever an account is used.
SELECT 1;
