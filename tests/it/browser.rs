//! Tests that use the pages as a person does, in a real Chromium.

mod accessibility;
mod accessible;
mod account;
mod audit;
mod copying;
pub mod driver;
mod escaping;
mod forms;
mod help;
mod journey;
mod keyboard;
mod list;
mod looks;
mod outage;
mod people;
mod roles;
mod selections;
mod shell;
mod stage;
mod teams;
mod tokens;
mod widths;
mod without_script;
mod without_script_on_a_phone;
