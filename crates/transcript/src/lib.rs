//! The transcripts of `scenarios/`: their grammar, a player, and a recorder.
//!
//! `scenarios/README.md` describes them. Tests play them; whatever drives a client elsewhere can record them.

mod client;
mod link;
mod machine;
mod play;
mod recorder;
mod settings;
mod span;
mod words;

pub use machine::Machine;
pub use play::{Unplayable, play};
pub use recorder::Recorder;
pub use words::Malformed;
