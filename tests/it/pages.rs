//! Every page, by HTTP.

mod sign_in;
