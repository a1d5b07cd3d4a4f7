//! Every page, by HTTP.

mod account;
mod account_edits;
mod accounts_all;
mod accounts_bulk;
mod accounts_expiry;
mod accounts_filters;
mod accounts_list;
mod accounts_order;
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
mod sessions;
mod sign_in;
mod team_manager;
mod theme;
mod token_policy;
mod tokens;
mod undo;
mod users;
