//! What holds on every route, for every actor, at every moment.

mod actors;
mod forged;
mod grants;
mod handlers;
mod layers;
mod names;
mod nul;
mod permissions;
mod present;
mod races;
mod rooms;
mod routes;
mod sizes;
mod users;
mod words;
pub mod world;
