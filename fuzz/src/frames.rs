//! Streams of WebSocket frames, of clients and of servers.

pub use suona_protocol::ws::check::frames as check;
