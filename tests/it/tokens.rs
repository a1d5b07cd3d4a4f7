//! Tokens: how a new value is shown, and one's own.

mod own;
mod values;
