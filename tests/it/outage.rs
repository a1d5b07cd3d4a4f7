//! The database gone, the process killed: what was answered holds, and what is answered is true.

mod activity;
mod exports;
mod file;
mod full;
mod gone;
mod half_sent;
mod hangs;
mod killed;
pub mod load;
mod log_lines;
mod lost_commit;
mod machines;
#[cfg(feature = "installed-tests")]
mod pooler;
mod setups;
mod starts;
mod stopped;
mod too_much;
mod under_load;
mod upgrade;
mod written;
