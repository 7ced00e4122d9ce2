//! A simulated world: real clients against a real gateway, in virtual time, over a network that does its worst.
//!
//! Everything comes from one seed: what people do, what breaks when, how long each packet takes, every id and every
//! roll of a die. [`World`] is the loop. What happens is planned in [`schedule`], what must hold is in [`judge`].

pub mod agenda;
pub mod chronicle;
pub mod judge;
pub mod network;
pub mod office;
pub mod phone;
pub mod schedule;
pub mod seed;
pub mod server;
pub mod tally;
pub mod trace;
pub mod world;

pub use world::World;
