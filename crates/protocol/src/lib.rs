//! The Centrifuge client protocol and WebSocket framing, as bytes and values.
//!
//! Nothing here opens a socket, reads a clock or rolls dice: both the gateway and the clients build on it.
//! [`Command`]s go from a client to the gateway, [`Reply`]s and [`Push`]es come back; [`json`] and
//! [`protobuf`] are the two codecs, [`ws`] frames whatever they write.

mod channel;
mod codes;
mod command;
mod decode;
mod emulation;
mod exclude;
mod filter;
pub mod fossil;
pub mod heard;
pub mod json;
pub mod protobuf;
mod publication;
mod reply;
pub mod ws;

pub use channel::{AnyEpoch, Channel, Epoch, Position};
pub use codes::{Disconnect, DisconnectCode, ErrorCode, UnsubscribeCode};
pub use command::{
    Command, ConnectRequest, HistoryRequest, PublishRequest, RecoverFrom, Request, RpcRequest,
    SubRefreshRequest, SubscribeRequest, Token,
};
pub use decode::DecodeError;
pub use emulation::EmulationRequest;
pub use exclude::{Exclude, ExcludeNames, TooManyNames};
pub use filter::{BadFilter, FilterNode, TagsFilter};
pub use publication::{ClientInfo, Content, Encoded, Form, Publication, Wire};
pub use reply::{
    ConnectResult, ErrorReply, HistoryResult, Outcome, PresenceStatsResult, Push, PushEvent, RefreshResult,
    Reply, SubscribeResult,
};

/// A payload as it came: JSON text for JSON namespaces, any bytes for binary ones. Never re-serialised.
pub type Payload = bytes::Bytes;
