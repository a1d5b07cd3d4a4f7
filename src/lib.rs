//! Muster keeps an organisation's machine accounts: people manage them in a browser, machines prove themselves with API
//! tokens, and gateways ask whether a call may pass.
//!
//! # The way of a request
//! `POST /settings/system-accounts/bulk` begins in [`routes`], where every URL stands once with what it asks of those who
//! come. Around its handler lie, from the outside: a request id and a log line (`web::trace`), the headers of every answer
//! (`web::headers`), a page for every error (`web::page`), the same-origin check (`web::forgery`), the session
//! (`auth::session`), and the route's own access (`auth::access`), which finds out who asks: a [`Principal`].
//!
//! The handler (`accounts::pages::bulk`) reads the form and calls one operation inside [`Database::write`]. The operation
//! (`accounts::operations::disable`) asks the principal for the permission, writes down as audit events what is to change,
//! lets the rules look at them, and carries them out: all in one transaction, so a refusal leaves nothing behind. The
//! handler answers 303 with a message that the next page shows. The command line calls the same operations.
//!
//! `/auth/verify` takes a shorter way: no session, no cookie. `gateway::verify` asks `check` and tells
//! `activity` what it saw, which is written in batches.
//!
//! # Where things are
//! Folders are features, and a feature's files are its layers: `model` (types), `queries` (SQL), `operations` (what a
//! person would say), `pages` (handlers) and `view` (what a template shows). Imports go down only.
//!
//! [`Principal`]: auth::principal::Principal
//! [`Database::write`]: database::Database::write

pub mod accounts;
pub mod activity;
pub mod audit;
pub mod auth;
pub mod authzen;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod database;
pub mod demo;
pub mod error;
pub mod gateway;
pub mod help;
pub mod id;
pub mod metrics;
pub mod people;
pub mod roles;
pub mod routes;
pub mod schema;
pub mod server;
pub mod settings;
pub mod teams;
pub mod text;
pub mod tokens;
pub mod web;
