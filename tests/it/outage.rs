//! The database gone, the process killed: what was answered holds, and what is answered is true.

mod gone;
mod hangs;
mod killed;
mod left_behind;
mod load;
mod starts;
mod stopped;
mod under_load;
