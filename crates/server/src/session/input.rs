//! What can happen to a session.

use std::{sync::Arc, time::Duration};

use suona_protocol::{
    Channel, ClientInfo, Command, Disconnect, Encoded, Payload, PresenceStatsResult, RecoverFrom,
    UnsubscribeCode,
};

use super::{Ask, Estate};
use crate::{
    auth::SubscriptionGrant,
    backend::{Advice, RefreshGrant, Stranger},
    broker::{BrokerError, Page},
};

/// Something that happened to a session.
#[derive(Debug)]
pub enum Input {
    /// The client asked for something.
    Command(Command),
    /// The client asked for something, beyond what its user may.
    Excess(Command),
    /// The door says who the client is, where the client itself cannot.
    Introduced {
        /// The id of the connect command that this stands for.
        id: u32,
        /// Who it is.
        introduction: Box<Introduction>,
    },
    /// The door leaves it to the backend to say who the client is, where the client itself cannot.
    Stranger {
        /// The id of the connect command that this stands for.
        id: u32,
        /// What the client said.
        stranger: Box<Stranger>,
        /// What it hears besides what the backend says.
        subs: Vec<ServerSub>,
    },
    /// The client said something that the door could not read.
    Malformed,
    /// The client showed that it lives, by a message that asks for nothing.
    Heartbeat,
    /// The client answered a protocol ping.
    ProtocolPong,
    /// What came of a question.
    Answered(Ask, Result<Answered, BrokerError>),
    /// A publication for a subscription that is still joining.
    Early(Arc<Encoded>),
    /// A positioned subscription missed something.
    Gap(Channel),
    /// The client's old connection has ended and leaves this, or there was none.
    Inherited(Option<Estate>),
    /// The outbox has room again.
    Drained,
    /// The server subscribes the client, if it is connected and does not hear the channel already.
    Subscribe(Box<ServerSub>),
    /// The server says how long the connection lives, which is for ever if that names no end.
    Refresh(RefreshGrant),
    /// The server ends a subscription, whether there is one or not.
    Unsubscribe(Channel, UnsubscribeCode),
    /// The server ends the connection.
    Disconnect(Disconnect),
    /// The user is connected as often as it may be; nothing that followed the registration was done.
    NotRegistered,
    /// The deadline has come.
    Woke,
}

/// Who a client is, as the door, its token or the backend says.
#[derive(Clone, Debug, Default)]
pub struct Introduction {
    /// The user; empty for an anonymous one.
    pub user: String,
    /// Whether a token says so, or the backend. A user whom the client merely claims to be is none of those
    /// whom a channel names.
    pub proved: bool,
    /// What others see of the client.
    pub info: Option<Payload>,
    /// When the connection expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// What the client gets with the reply.
    pub data: Option<Payload>,
    /// What only the backend sees of the client: JSON.
    pub meta: Option<Payload>,
    /// What the client hears from the start.
    pub subs: Vec<ServerSub>,
}

/// A channel that a client hears without asking.
#[derive(Clone, Debug)]
pub struct ServerSub {
    /// The channel.
    pub channel: Channel,
    /// Whether whoever named it may decide; otherwise the namespace must permit it to the user.
    pub proved: bool,
    /// What comes with it.
    pub grant: SubscriptionGrant,
    /// When the subscription expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// Where the client last stood.
    pub since: RecoverFrom,
    /// Whether the latest publication comes with it even to a client that does not say where it stood, in a
    /// namespace whose recovery mode is `cache`.
    pub cache_recover: bool,
    /// Whether the connection token named it.
    pub by_token: bool,
}

impl ServerSub {
    /// A channel that whoever names it may decide about, if `proved`.
    pub fn new(channel: Channel, proved: bool) -> Self {
        Self {
            channel,
            proved,
            grant: SubscriptionGrant::default(),
            expires_at: None,
            since: RecoverFrom::default(),
            cache_recover: false,
            by_token: false,
        }
    }

    /// A channel that a connection token names.
    pub fn of_token((channel, grant): (Channel, SubscriptionGrant)) -> Self {
        Self { grant, by_token: true, ..Self::new(channel, true) }
    }
}

/// What came of a question to the broker, the backend or whoever publishes keys.
#[derive(Clone, Debug)]
pub enum Answered {
    /// Hearing the channel; the page is there if one was asked for.
    Subscribed(Option<Page>),
    /// Published.
    Published,
    /// A page of history.
    History(Page),
    /// Who is there.
    Presence(Vec<Arc<ClientInfo>>),
    /// How many are there.
    PresenceStats(PresenceStatsResult),
    /// What the backend says.
    Advised(Advice),
    /// The published keys have been fetched.
    KeysFetched,
}
