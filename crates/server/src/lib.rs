//! The Suona gateway as a library.
//!
//! A message's way in: [`io`] reads a frame, a [`door`] decodes it, a [`session`] decides, the shard in [`hub`]
//! does what was decided. A publication's way out: the [`broker`] stores it, [`hub`] hands it to every shard
//! whose connections hear the channel, and each of their outboxes gets the same frame.

pub mod auth;
pub mod backend;
pub mod broker;
pub mod config;
pub mod door;
pub mod http;
pub mod hub;
pub mod io;
pub mod limits;
pub mod metrics;
pub mod serve;
pub mod session;

mod clock;
mod complaint;

pub use clock::Now;
