//! Tokens from their creation to the gateway's answer, on a database of their own: SQLite, or with `MUSTER_TEST_ENGINE`
//! as `postgres` the server that `MUSTER_TEST_POSTGRES` names (`tests/run` sets both).

mod answers;
mod fuzz;
mod handling;
mod home;
mod memory;
mod requirements;
mod tokens;
mod traces;
