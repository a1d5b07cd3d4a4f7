//! What it costs: the same for ten accounts and for a hundred thousand.

mod engines;
mod planner;
mod statements;
mod world;
