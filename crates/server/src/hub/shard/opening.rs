//! How a connection begins.

use std::sync::Arc;

use axum::http::HeaderMap;
use bytes::Bytes;
use rand::RngExt;
use suona_protocol::DisconnectCode;

use super::{Connection, Shard};
use crate::{
    Now,
    door::Door,
    io::ConnectionId,
    session::{Context, Input, Manners, Session},
};

/// What an upgraded connection brings along.
pub struct Opening {
    /// The door that it came through.
    pub door: Door,
    /// How that door treats its connections, which share it.
    pub manners: Arc<Manners>,
    /// What the client of an HTTP stream said in the request that opened it.
    pub first: Option<Bytes>,
    /// The headers of its HTTP request that some webhook wants; nothing if there are none.
    pub headers: Option<Arc<HeaderMap>>,
    /// The user whom its proxy vouches for.
    pub vouched: Option<String>,
    /// Whatever must live as long as the connection: its place among the node's descriptors.
    pub lease: Box<dyn Send>,
}

impl Shard {
    /// Begins a connection with whatever its client said already.
    pub(super) fn begin(&mut self, id: ConnectionId, opening: Opening, now: Now) {
        let client = uuid::Builder::from_random_bytes(self.dice.random()).into_uuid().to_string();
        let luck = self.dice.random();
        let ctx = Context { rules: &self.commons.rules, now, room: true };
        let mut session = Session::new(client, opening.manners, luck, ctx);
        if let Some(user) = &opening.vouched {
            session.vouch_for(user);
        }
        let Opening { door, headers, first, lease, .. } = opening;
        self.introduce(id, &door);
        let connection = Connection {
            door,
            session,
            planned: None,
            on_the_slate: 0,
            headers,
            connected: None,
            _lease: lease,
        };
        let connection = self.connections.insert(id, connection);
        let mut heard = std::mem::take(&mut self.heard);
        connection.door.opened(&mut heard);
        self.hear(id, heard, now);
        self.plan(id);
        if self.draining.has_begun() {
            self.handle(id, Input::Disconnect(DisconnectCode::Shutdown.into()), now);
        }
        if let Some(first) = first {
            self.listen_to(id, &first, now);
        }
    }
}
