//! A client of Suona, and of every other server of the Centrifuge protocol, that keeps its connection.
//!
//! Apps begin with [`Suona::connect`], or with [`ReliableSocket::connect`] where another protocol is spoken; both are
//! tasks of a tokio runtime. Events are [streams](futures_core::Stream), and everything can go to other threads.
//!
//! Two machines decide everything: the [`Link`], which is the one reliable connection, whatever is spoken on it, and the
//! [`Client`], which speaks the protocol over a link of its own. Neither opens a socket, reads a clock or rolls dice:
//! they take what happens at a [`Moment`] by `handle`, give what is to be done by `poll`, and say by `deadline` when
//! they want to be woken. Their behaviour is written down in `scenarios/`, to the letter.

#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod backoff;
pub mod client;
mod driver;
mod fault;
pub mod link;
mod moment;

pub use client::Client;
pub use driver::{
    BadAddress, BuildError, Builder, ChannelEvent, Messages, Publications, ReliableSocket, SocketEvent,
    Subscription, Suona,
};
pub use fault::{Code, Fault};
pub use link::Link;
pub use moment::{Clock, Moment};
#[doc(inline)]
pub use suona_protocol::{
    Channel, ClientInfo, Payload, PresenceStatsResult, Token,
    heard::{History, Publication},
};
