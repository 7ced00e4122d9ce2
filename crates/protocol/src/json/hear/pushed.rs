//! What a server says unasked.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::{
    Data, Expiry, Subscribe, payload,
    published::{Info, Published},
};
use crate::{
    Channel,
    heard::{Ended, Push, PushEvent},
};

#[derive(Deserialize)]
pub(super) struct Pushed<'a> {
    channel: Option<String>,
    #[serde(rename = "pub", borrow)]
    publication: Option<Published<'a>>,
    #[serde(borrow)]
    join: Option<Company<'a>>,
    #[serde(borrow)]
    leave: Option<Company<'a>>,
    unsubscribe: Option<End>,
    #[serde(borrow)]
    subscribe: Option<Subscribe<'a>>,
    #[serde(borrow)]
    message: Option<Data<'a>>,
    disconnect: Option<End>,
    refresh: Option<Expiry>,
}

impl Pushed<'_> {
    pub(super) fn read(self, message: &Bytes) -> Push {
        let channel = Channel::new(self.channel.as_deref().unwrap_or_default());
        Push { channel, event: self.event(message) }
    }

    fn event(self, message: &Bytes) -> PushEvent {
        (self.publication.map(|one| PushEvent::Publication(one.read(message))))
            .or_else(|| Some(PushEvent::Join(self.join?.info.read(message))))
            .or_else(|| Some(PushEvent::Leave(self.leave?.info.read(message))))
            .or_else(|| self.unsubscribe.map(|end| PushEvent::Unsubscribe(end.read())))
            .or_else(|| Some(PushEvent::Subscribe(Box::new(self.subscribe?.read(message)))))
            .or_else(|| Some(PushEvent::Message(payload(message, self.message?.data).unwrap_or_default())))
            .or_else(|| self.disconnect.map(End::disconnect))
            .or_else(|| self.refresh.map(|expiry| PushEvent::Refresh(expiry.read())))
            .unwrap_or(PushEvent::Unknown)
    }
}

/// Who came or went.
#[derive(Deserialize)]
struct Company<'a> {
    #[serde(borrow)]
    info: Info<'a>,
}

#[derive(Deserialize)]
struct End {
    code: Option<u32>,
    reason: Option<String>,
    retry_after_ms: Option<u64>,
}

impl End {
    fn read(self) -> Ended {
        Ended { code: self.code.unwrap_or_default(), reason: self.reason.unwrap_or_default() }
    }

    fn disconnect(self) -> PushEvent {
        let retry_after = Duration::from_millis(self.retry_after_ms.unwrap_or_default());
        PushEvent::Disconnect { why: self.read(), retry_after }
    }
}
