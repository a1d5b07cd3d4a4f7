//! The database gone, the process killed: what was answered holds, and what is answered is true.

mod activity;
mod gone;
mod hangs;
mod killed;
mod load;
mod starts;
mod stopped;
mod under_load;
mod upgrade;
