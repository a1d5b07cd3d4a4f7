//! Muster keeps an organisation's machine accounts.

pub mod accounts;
pub mod activity;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod database;
pub mod demo;
pub mod error;
pub mod gateway;
pub mod id;
pub mod roles;
pub mod routes;
pub mod schema;
pub mod server;
pub mod settings;
pub mod teams;
pub mod text;
pub mod tokens;
pub mod web;
