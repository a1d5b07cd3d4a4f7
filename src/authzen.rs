//! AuthZEN Authorization API 1.0: an API asks about somebody whose token it does not have. A question becomes one of Muster's
//! permissions, and is answered by the same cache and the same rule as a gateway's `require=`.

pub mod api;
mod json;
mod operations;
mod question;
