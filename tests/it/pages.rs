//! Every page, by HTTP.

mod account;
mod accounts_bulk;
mod accounts_list;
mod compression;
mod create;
mod every_page;
mod help;
pub mod html;
mod live_activity;
mod names;
mod profile;
mod roles;
mod search;
mod selections;
mod sign_in;
mod team_manager;
mod theme;
mod token_policy;
mod tokens;
mod undo;
mod users;
