//! Replies and pushes from length-delimited Protobuf, as a client reads them.

use std::{iter, time::Duration};

use bytes::{Buf, Bytes};
use prost::{Message, encoding::decode_varint};

use super::{
    push::{self, Event, Push},
    reply::{self, Content, Expiry, Reply},
};
use crate::{
    AnyEpoch, Channel, ClientInfo, ErrorReply, Payload, Position, PresenceStatsResult, RefreshResult,
    heard::{self, Answer, Connected, Ended, Heard, History, Publication, PushEvent, Subscribed, Unreadable},
};

/// Reads what a server says in one message, lazily. Payloads are slices of the message.
pub fn hear(message: &Bytes) -> impl Iterator<Item = Result<Heard, Unreadable>> {
    let mut rest = message.clone();
    let mut begun = false;
    iter::from_fn(move || {
        if begun && rest.is_empty() {
            return None;
        }
        begun = true;
        let heard = first(&mut rest);
        if heard.is_err() {
            rest.clear();
        }
        Some(heard)
    })
}

/// Takes one thing from the front.
fn first(rest: &mut Bytes) -> Result<Heard, Unreadable> {
    let length = decode_varint(rest).map_err(|error| unreadable(&error))?;
    let length = usize::try_from(length).ok().filter(|length| *length <= rest.remaining());
    let length = length.ok_or_else(|| Unreadable("cut short".to_owned()))?;
    let reply = Reply::decode(rest.split_to(length)).map_err(|error| unreadable(&error))?;
    Ok(match (reply.id, reply.content) {
        (0, Some(Content::Push(push))) => Heard::Push(pushed(push)?),
        (0, _) => Heard::Ping,
        (id, Some(Content::Error(error))) => Heard::Reply { id, outcome: Err(refused(error)) },
        (id, content) => Heard::Reply { id, outcome: Ok(content.map_or(Ok(Answer::Unknown), answer)?) },
    })
}

fn unreadable(error: &prost::DecodeError) -> Unreadable {
    Unreadable(error.to_string())
}

fn refused(error: reply::Error) -> ErrorReply {
    ErrorReply { code: error.code, message: error.message, temporary: error.temporary }
}

fn answer(content: Content) -> Result<Answer, Unreadable> {
    Ok(match content {
        Content::Connect(result) => Answer::Connect(Box::new(connected(result)?)),
        Content::Subscribe(result) => Answer::Subscribe(Box::new(subscribed(result)?)),
        Content::Unsubscribe(_) => Answer::Unsubscribe,
        Content::Publish(_) => Answer::Publish,
        Content::Presence(result) => Answer::Presence(result.presence.into_values().map(info).collect()),
        Content::PresenceStats(result) => Answer::PresenceStats(PresenceStatsResult {
            num_clients: result.num_clients,
            num_users: result.num_users,
        }),
        Content::History(result) => Answer::History(History {
            publications: publications(result.publications)?,
            top: position(result.offset, result.epoch),
        }),
        Content::Ping(_) => Answer::Ping,
        Content::Rpc(result) => Answer::Rpc(payload(result.data)),
        Content::Refresh(result) => Answer::Refresh(RefreshResult { ttl: ttl(result.expires, result.ttl) }),
        Content::SubRefresh(result) => Answer::SubRefresh(lifetime(&result)),
        Content::Push(_) | Content::Error(_) => Answer::Unknown,
    })
}

fn connected(result: reply::Connect) -> Result<Connected, Unreadable> {
    let subs =
        result.subs.into_iter().map(|entry| Ok((Channel::new(entry.channel), subscribed(entry.result)?)));
    Ok(Connected {
        client: result.client,
        version: result.version,
        node: result.node,
        ttl: ttl(result.expires, result.ttl),
        data: payload(result.data),
        subs: subs.collect::<Result<_, _>>()?,
        ping: Some(result.ping).filter(|ping| *ping != 0),
        pong: result.pong,
        time: u64::try_from(result.time).ok().filter(|time| *time != 0),
    })
}

fn subscribed(result: reply::Subscribe) -> Result<Subscribed, Unreadable> {
    Ok(Subscribed {
        ttl: ttl(result.expires, result.ttl),
        recoverable: result.recoverable,
        position: position(result.offset, result.epoch),
        recovered: result.recovered,
        publications: publications(result.publications)?,
        data: payload(result.data),
    })
}

fn publications(encoded: Vec<Bytes>) -> Result<Vec<Publication>, Unreadable> {
    encoded.into_iter().map(publication).collect()
}

fn publication(encoded: Bytes) -> Result<Publication, Unreadable> {
    let one = push::Publication::decode(encoded).map_err(|error| unreadable(&error))?;
    Ok(Publication {
        data: one.data,
        offset: one.offset,
        info: one.info.map(|one| Box::new(info(one))),
        tags: one.tags.into_iter().collect(),
        json: Payload::new(),
    })
}

fn pushed(push: Push) -> Result<heard::Push, Unreadable> {
    let event = push.event.map_or(Ok(PushEvent::Unknown), event)?;
    Ok(heard::Push { channel: Channel::new(push.channel), event })
}

fn event(event: Event) -> Result<PushEvent, Unreadable> {
    Ok(match event {
        Event::Publication(encoded) => PushEvent::Publication(publication(encoded)?),
        Event::Join(push::Info { info: who }) => PushEvent::Join(who.map(info).unwrap_or_default()),
        Event::Leave(push::Info { info: who }) => PushEvent::Leave(who.map(info).unwrap_or_default()),
        Event::Unsubscribe(end) => PushEvent::Unsubscribe(Ended { code: end.code, reason: end.reason }),
        Event::Message(message) => PushEvent::Message(message.data),
        Event::Subscribe(result) => PushEvent::Subscribe(Box::new(Subscribed {
            recoverable: result.recoverable,
            position: position(result.offset, result.epoch),
            data: payload(result.data),
            ..Subscribed::default()
        })),
        Event::Disconnect(end) => PushEvent::Disconnect {
            why: Ended { code: end.code, reason: end.reason },
            retry_after: Duration::from_millis(end.retry_after_ms),
        },
        Event::Refresh(result) => PushEvent::Refresh(lifetime(&result)),
    })
}

fn info(info: reply::ClientInfo) -> ClientInfo {
    ClientInfo {
        user: info.user,
        client: info.client,
        conn_info: payload(info.conn_info),
        chan_info: payload(info.chan_info),
    }
}

fn position(offset: u64, epoch: String) -> Position<AnyEpoch> {
    Position { offset, epoch: epoch.into() }
}

fn payload(data: Bytes) -> Option<Payload> {
    Some(data).filter(|data| !data.is_empty())
}

fn lifetime(result: &Expiry) -> RefreshResult {
    RefreshResult { ttl: ttl(result.expires, result.ttl) }
}

fn ttl(expires: bool, ttl: u32) -> Option<u32> {
    expires.then_some(ttl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, protobuf::encode_reply};

    /// What a client hears of what the gateway says.
    fn heard(outcome: Outcome) -> Heard {
        let mut out = Vec::new();
        encode_reply(&crate::Reply { id: 1, outcome }, &mut out);
        let mut all = hear(&out.into()).collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_ping_is_an_empty_reply_and_an_empty_message_is_none() {
        let heard = |bytes: &'static [u8]| hear(&Bytes::from_static(bytes)).collect::<Result<Vec<_>, _>>();
        assert_eq!(heard(&[0, 0]), Ok(vec![Heard::Ping, Heard::Ping]));
        assert!(heard(&[]).is_err() && heard(&[5, 1]).is_err() && heard(&[0xff; 11]).is_err());
    }

    #[test]
    fn what_the_gateway_writes_is_heard() {
        let connect = crate::ConnectResult {
            client: "c".into(),
            ttl: Some(60),
            time: Some(5),
            subs: vec![("#1".into(), crate::SubscribeResult { recoverable: true, ..Default::default() })],
            ..Default::default()
        };
        let Heard::Reply { id: 1, outcome: Ok(Answer::Connect(connected)) } =
            heard(Outcome::Connect(Box::new(connect)))
        else {
            panic!()
        };
        assert_eq!((connected.ttl, connected.time, connected.ping), (Some(60), Some(5), None));
        assert!(connected.subs[0].1.recoverable);
        let refused = ErrorReply { code: 100, message: "no".into(), temporary: true };
        assert_eq!(heard(Outcome::Error(refused.clone())), Heard::Reply { id: 1, outcome: Err(refused) });
        let answer = Answer::Rpc(Some("x".into()));
        let rpc = Outcome::Rpc { data: Some("x".into()) };
        assert_eq!(heard(rpc), Heard::Reply { id: 1, outcome: Ok(answer) });
    }
}
