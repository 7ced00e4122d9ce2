//! What must hold of every decoder whatever it is fed: one module a target, each with a `check`.
//!
//! cargo-fuzz calls the checks with inputs led by coverage, `crates/protocol/tests/fuzz` with mutated seeds.

pub mod client;
pub mod deltas;
pub mod frames;
pub mod heard;
pub mod json_commands;
pub mod protobuf_commands;
pub mod tag_filters;
