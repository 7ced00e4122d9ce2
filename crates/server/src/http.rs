//! Everything that is plain HTTP.

pub mod api;
