//! Muster
