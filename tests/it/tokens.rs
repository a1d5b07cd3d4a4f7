//! Tokens: all of them, those that are pasted, one's own, and how a new value is shown.

mod exports;
mod list;
mod more;
mod overlaps;
mod own;
mod pasted;
mod reach;
mod values;
