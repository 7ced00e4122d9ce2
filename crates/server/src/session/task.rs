//! What a session will do with the answer to a question.

use suona_protocol::{Command, Payload, SubscribeRequest};

use super::{Attempt, ServerSub};

/// What to do with an answer.
#[derive(Debug)]
pub(super) enum Task {
    /// This command goes on when the key of its token has been fetched.
    AwaitKeys(Box<Command>),
    /// The backend says who the client is.
    Introduce,
    /// The backend says whether the connection lives on.
    Refresh,
    /// The backend says whether this subscribe command may go on.
    Admit(u32, Box<SubscribeRequest>),
    /// The backend says whether this server-side subscription may begin.
    AdmitServerSub(Box<ServerSub>),
    /// The backend says whether the subscription lives on.
    SubRefresh,
    /// The backend says whether this publish command may go on.
    AskPublish(Box<AskedPublish>),
    /// The backend answers the rpc with this id.
    Rpc(u32),
    /// The backend answered the rpc with this id, but there was no room for the reply.
    HeldRpc(u32, Option<Payload>),
    /// Finish the subscribe command with this id.
    Subscribe(u32),
    /// One server-side subscription more is done.
    ServerSubscribe,
    Publish(u32),
    History(u32),
    Presence(u32),
    PresenceStats(u32),
}

/// A publish command of which the backend is asked.
#[derive(Debug)]
pub(super) struct AskedPublish {
    pub(super) id: u32,
    pub(super) data: Payload,
    /// The client is not to hear it.
    pub(super) exclude_self: bool,
    /// By what a repeat of the question is recognised.
    pub(super) attempt: Option<Box<Attempt>>,
}

impl Task {
    /// The id of the command that waits for it; 0 where a connect command does, which is answered apart.
    pub(super) fn id(&self) -> u32 {
        match *self {
            Self::Subscribe(id) | Self::Publish(id) | Self::History(id) => id,
            Self::Presence(id) | Self::PresenceStats(id) => id,
            Self::Admit(id, _) => id,
            Self::AskPublish(ref asked) => asked.id,
            Self::AwaitKeys(ref command) => command.id,
            Self::Rpc(id) | Self::HeldRpc(id, _) => id,
            Self::Introduce | Self::Refresh | Self::SubRefresh => 0,
            Self::ServerSubscribe | Self::AdmitServerSub(_) => 0,
        }
    }

    /// Whether the backend is asked, and not the broker.
    pub(super) fn is_for_backend(&self) -> bool {
        match self {
            Self::Introduce | Self::Refresh | Self::Admit(..) | Self::AdmitServerSub(_) => true,
            Self::SubRefresh | Self::AskPublish(..) | Self::Rpc(_) | Self::HeldRpc(..) => true,
            Self::AwaitKeys(_) => false,
            Self::Subscribe(_) | Self::ServerSubscribe | Self::Publish(_) => false,
            Self::History(_) | Self::Presence(_) | Self::PresenceStats(_) => false,
        }
    }

    /// Whether the reply may be large.
    pub(super) fn may_reply_at_length(&self) -> bool {
        matches!(
            self,
            Self::Subscribe(_) | Self::ServerSubscribe | Self::History(_) | Self::Presence(_) | Self::Rpc(_)
        )
    }
}
