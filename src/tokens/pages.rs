//! The pages of tokens: all of them, one's own, and the policy.

pub mod chosen;
pub mod export;
pub mod find;
pub mod list;
pub mod own;
pub mod policy;
