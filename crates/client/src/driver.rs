//! The driver: carries out what the machines want, with tokio, rustls and the clocks of the system.
//!
//! It has no rules of its own: what to do when is decided by [`Client`](crate::Client) and [`Link`](crate::Link).

mod address;
mod builder;
mod dial;
mod engine;
mod inbox;
mod proxy;
mod reach;
mod reliable;
mod socket;
mod sockets;
mod subscription;
mod suona;
mod timing;
mod trust;
mod upgrade;

use address::Address;
pub use address::BadAddress;
pub use builder::{BuildError, Builder};
pub use reliable::{ReliableSocket, SocketEvent};
pub use subscription::{ChannelEvent, Messages, Publications, Subscription};
pub use suona::Suona;
