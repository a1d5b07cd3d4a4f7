//! The pages of tokens: one's own, and the policy for all.

pub mod own;
pub mod policy;
