//! The load generator of Suona, and its measurements beside other servers.
//!
//! A [`Plan`] says what to measure; [`measure`] lets each server in turn be measured by each scenario: a
//! [`crowd`] of clients in one event loop speaks the [`wire`] of the server, and a [`probe`] reads what the
//! server's process uses. What comes out is a [`Report`].

mod backend;
pub mod crowd;
mod floor;
pub mod http;
pub mod layout;
mod measure;
pub mod peer;
pub mod plan;
pub mod probe;
pub mod progress;
pub mod report;
pub mod scenario;
mod schedule;
pub mod stamp;
pub mod statistics;
mod trouble;
pub mod wire;

pub use floor::Floor;
pub use measure::measure;
pub use peer::Peer;
pub use plan::{Door, Load, Outputs, Plan};
pub use report::Report;
pub use scenario::Scenario;
pub use trouble::Trouble;
