//! The managed door in JSON: Suona, Centrifugo, and the server over npm `ws`, which speaks as much of it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Entrant, FIRST, Said, Step, Unread, Wanted, Wire, behind, token};
use crate::Trouble;

/// A managed client that speaks JSON.
#[derive(Clone)]
pub struct Json {
    /// What tokens are signed with; without it, clients have none.
    pub secret: Option<String>,
}

impl Wire for Json {
    fn path(&self, _: &Entrant) -> String {
        "/connection/websocket".to_owned()
    }

    fn enter(&self, step: u32, entrant: &Entrant) -> Result<Step, Trouble> {
        Ok(match step {
            0 => {
                let token = self.secret.as_ref().map(|secret| token(secret, entrant.client)).transpose()?;
                let connect = json!({ "id": 1, "connect": { "token": token.unwrap_or_default() } });
                Step::Say(connect.to_string().into_bytes(), 1)
            }
            step => match entrant.part(step - 1) {
                Some((first, channels)) => {
                    let commands: Vec<String> = (first..)
                        .zip(channels)
                        .map(|(id, wanted)| subscribe(id, wanted).to_string())
                        .collect();
                    Step::Say(commands.join("\n").into_bytes(), commands.len())
                }
                None => Step::Done,
            },
        })
    }

    fn read(&self, message: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread> {
        for line in message.split(|byte| *byte == b'\n') {
            match line {
                b"{}" => tell(Said::Ping),
                push if push.starts_with(b"{\"push\":") => {
                    let data = behind(push, b"\"data\":\"").ok_or_else(|| Unread::message(push))?;
                    tell(Said::Publication(data));
                }
                reply => answer(reply, tell)?,
            }
        }
        Ok(())
    }

    fn pong(&self) -> &'static [u8] {
        b"{}"
    }

    fn recovers(&self) -> bool {
        true
    }

    fn publish(&self, id: u32, channel: &str, data: &str) -> Option<Vec<u8>> {
        let publish = json!({ "id": id, "publish": { "channel": channel, "data": data } });
        Some(publish.to_string().into_bytes())
    }

    fn call(&self, id: u32) -> Option<Vec<u8>> {
        let rpc = json!({ "id": id, "rpc": { "method": "echo", "data": { "question": id } } });
        Some(rpc.to_string().into_bytes())
    }

    fn unsubscribe(&self, entrant: &Entrant) -> Option<Vec<u8>> {
        let unsubscribe = |(id, name): (usize, &str)| json!({ "id": id, "unsubscribe": { "channel": name } });
        let commands: Vec<String> =
            (FIRST..).zip(entrant.names()).map(|one| unsubscribe(one).to_string()).collect();
        Some(commands.join("\n").into_bytes())
    }
}

fn subscribe(id: usize, wanted: &Wanted) -> Value {
    let mut subscribe = json!({ "channel": wanted.name, "recoverable": true });
    if let Some(since) = &wanted.since {
        subscribe["recover"] = true.into();
        subscribe["offset"] = since.offset.into();
        subscribe["epoch"] = since.epoch.as_str().into();
    }
    json!({ "id": id, "subscribe": subscribe })
}

/// As much of a reply as matters.
#[derive(Deserialize)]
struct Reply<'a> {
    id: Option<u32>,
    #[serde(borrow)]
    subscribe: Option<Subscribed<'a>>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Subscribed<'a> {
    #[serde(default)]
    epoch: &'a str,
    #[serde(default)]
    offset: u64,
    #[serde(borrow, default)]
    publications: Vec<Published<'a>>,
}

#[derive(Deserialize)]
struct Published<'a> {
    data: &'a str,
}

fn answer(reply: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread> {
    let unread = |_| Unread::message(reply);
    let Reply { id, subscribe, error } = serde_json::from_slice(reply).map_err(unread)?;
    let Some(id) = id.filter(|_| error.is_none()) else { return Err(Unread::message(reply)) };
    if let Some(Subscribed { epoch, offset, publications }) = subscribe {
        let place = (id as usize).checked_sub(FIRST).ok_or_else(|| Unread::message(reply))?;
        tell(Said::Position { place, epoch, offset });
        for publication in publications {
            tell(Said::Publication(publication.data.as_bytes()));
        }
    }
    tell(Said::Answer);
    Ok(())
}
