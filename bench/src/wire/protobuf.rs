//! The managed door in Protobuf, by hand: a generator needs few messages, and reads them fast.

use suona_protocol::ws::Opcode;

use super::{Entrant, FIRST, Said, Step, Unread, Wanted, Wire, token};
use crate::Trouble;

/// A managed client that speaks Protobuf.
#[derive(Clone)]
pub struct Protobuf {
    /// What tokens are signed with; without it, clients have none.
    pub secret: Option<String>,
}

/// Numbers of a command's fields: its id, and what it asks.
mod command {
    pub(super) const ID: u64 = 1;
    pub(super) const CONNECT: u64 = 4;
    pub(super) const SUBSCRIBE: u64 = 5;
    pub(super) const UNSUBSCRIBE: u64 = 6;
    pub(super) const PUBLISH: u64 = 7;
    pub(super) const RPC: u64 = 13;
}

/// Numbers of a reply's fields, those of a push and of a subscribe result among them.
mod reply {
    pub(super) const ID: u64 = 1;
    pub(super) const ERROR: u64 = 2;
    pub(super) const PUSH: u64 = 4;
    pub(super) const SUBSCRIBE: u64 = 6;
    pub(super) const PUSHED_PUBLICATION: u64 = 4;
    pub(super) const PUBLICATION_DATA: u64 = 4;
    pub(super) const EPOCH: u64 = 6;
    pub(super) const PUBLICATIONS: u64 = 7;
    pub(super) const OFFSET: u64 = 9;
}

impl Wire for Protobuf {
    fn path(&self, _: &Entrant) -> String {
        "/connection/websocket".to_owned()
    }

    fn subprotocol(&self) -> Option<&'static str> {
        Some("centrifuge-protobuf")
    }

    fn opcode(&self) -> Opcode {
        Opcode::Binary
    }

    fn enter(&self, step: u32, entrant: &Entrant) -> Result<Step, Trouble> {
        Ok(match step {
            0 => {
                let token = self.secret.as_ref().map(|secret| token(secret, entrant.client)).transpose()?;
                let connect = token.map_or_else(Vec::new, |token| bytes(1, token.as_bytes()));
                Step::Say(say(1, command::CONNECT, &connect), 1)
            }
            step => match entrant.part(step - 1) {
                Some((first, channels)) => {
                    let commands: Vec<u8> = (first as u32..)
                        .zip(channels)
                        .flat_map(|(id, wanted)| say(id, command::SUBSCRIBE, &subscribe(wanted)))
                        .collect();
                    Step::Say(commands, channels.len())
                }
                None => Step::Done,
            },
        })
    }

    fn read(&self, message: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread> {
        let mut rest = message;
        while !rest.is_empty() {
            let reply = delimited(&mut rest).ok_or_else(|| Unread::message(message))?;
            if reply.is_empty() {
                tell(Said::Ping);
            } else {
                answer(reply, tell).ok_or_else(|| Unread::message(reply))?;
            }
        }
        Ok(())
    }

    fn pong(&self) -> &'static [u8] {
        &[0]
    }

    fn recovers(&self) -> bool {
        true
    }

    fn publish(&self, id: u32, channel: &str, data: &str) -> Option<Vec<u8>> {
        let publish = [bytes(1, channel.as_bytes()), bytes(2, format!("\"{data}\"").as_bytes())].concat();
        Some(say(id, command::PUBLISH, &publish))
    }

    fn call(&self, id: u32) -> Option<Vec<u8>> {
        let data = format!("{{\"question\":{id}}}");
        Some(say(id, command::RPC, &[bytes(1, data.as_bytes()), bytes(2, b"echo")].concat()))
    }

    fn unsubscribe(&self, entrant: &Entrant) -> Option<Vec<u8>> {
        let one = |(id, name): (u32, &str)| say(id, command::UNSUBSCRIBE, &bytes(1, name.as_bytes()));
        Some((FIRST as u32..).zip(entrant.names()).flat_map(one).collect())
    }
}

fn subscribe(wanted: &Wanted) -> Vec<u8> {
    let mut subscribe = [bytes(1, wanted.name.as_bytes()), number(10, 1)].concat();
    if let Some(since) = &wanted.since {
        subscribe.extend(number(3, 1));
        subscribe.extend(bytes(6, since.epoch.as_bytes()));
        subscribe.extend(number(7, since.offset));
    }
    subscribe
}

/// Reads a reply that is no ping; `None` if it is an error, or none.
fn answer(reply: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Option<()> {
    let mut id = None;
    let mut fields = reply;
    while let Some((field, value)) = field(&mut fields)? {
        match (field, value) {
            (reply::PUSH, Value::Bytes(push)) => publication(find(push, reply::PUSHED_PUBLICATION)?, tell)?,
            (reply::SUBSCRIBE, Value::Bytes(result)) => {
                subscribed(usize::try_from(id?).ok()?.checked_sub(FIRST)?, result, tell)?;
            }
            (reply::ERROR, _) => return None,
            (reply::ID, Value::Number(number)) => id = Some(number),
            _ => {}
        }
    }
    if id.is_some() {
        tell(Said::Answer);
    }
    Some(())
}

fn subscribed(place: usize, mut result: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Option<()> {
    let (mut epoch, mut offset) = ("", 0);
    let mut publications = result;
    while let Some(one) = field(&mut result)? {
        match one {
            (reply::EPOCH, Value::Bytes(text)) => epoch = str::from_utf8(text).ok()?,
            (reply::OFFSET, Value::Number(number)) => offset = number,
            _ => {}
        }
    }
    tell(Said::Position { place, epoch, offset });
    while let Some(one) = field(&mut publications)? {
        if let (reply::PUBLICATIONS, Value::Bytes(one)) = one {
            publication(one, tell)?;
        }
    }
    Some(())
}

/// The stamp lies behind the quotation mark of the data.
fn publication(publication: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Option<()> {
    tell(Said::Publication(find(publication, reply::PUBLICATION_DATA)?.get(1..)?));
    Some(())
}

fn say(id: u32, method: u64, request: &[u8]) -> Vec<u8> {
    let command = [number(command::ID, id.into()), bytes(method, request)].concat();
    [varint(command.len() as u64), command].concat()
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | 2), &varint(value.len() as u64), value].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// What a field holds.
enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

fn find(message: &[u8], wanted: u64) -> Option<&[u8]> {
    let mut fields = message;
    while let Some((field, value)) = field(&mut fields)? {
        match value {
            Value::Bytes(bytes) if field == wanted => return Some(bytes),
            _ => {}
        }
    }
    None
}

/// Takes a field from the front; `Some(None)` at the end, `None` if it is none that these messages have.
fn field<'m>(message: &mut &'m [u8]) -> Option<Option<(u64, Value<'m>)>> {
    if message.is_empty() {
        return Some(None);
    }
    let key = take_varint(message)?;
    let value = match key & 7 {
        0 => Value::Number(take_varint(message)?),
        2 => Value::Bytes(delimited(message)?),
        _ => return None,
    };
    Some(Some((key >> 3, value)))
}

fn delimited<'m>(message: &mut &'m [u8]) -> Option<&'m [u8]> {
    let length = usize::try_from(take_varint(message)?).ok()?;
    message.split_off(..length)
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
