//! What was answered, as the JSON that a server writes: for those who show it.

use super::{
    encode::client_info,
    object::{Object, object, raw},
};
use crate::{
    ClientInfo,
    heard::{Answer, History, Publication},
};

/// Appends the result of a command as one JSON object. That of `connect` and `subscribe` stays empty: it is for the
/// client alone.
pub fn encode_answer(answer: &Answer, out: &mut Vec<u8>) {
    object(out, |o| match answer {
        Answer::Presence(clients) => o.object("presence", |o| {
            for info in clients {
                encode_client_info(info, o.entry(&info.client));
            }
        }),
        Answer::PresenceStats(stats) => {
            o.number("num_clients", stats.num_clients.into());
            o.number("num_users", stats.num_users.into());
        }
        Answer::History(past) => history(o, past),
        Answer::Rpc(data) => o.payload("data", data.as_ref()),
        Answer::Refresh(result) | Answer::SubRefresh(result) => {
            if let Some(ttl) = result.ttl {
                o.flag("expires", true);
                o.number("ttl", ttl.into());
            }
        }
        Answer::Connect(_)
        | Answer::Subscribe(_)
        | Answer::Unsubscribe
        | Answer::Publish
        | Answer::Ping
        | Answer::Unknown => {}
    });
}

/// Appends who somebody is as one JSON object.
pub fn encode_client_info(info: &ClientInfo, out: &mut Vec<u8>) {
    object(out, |o| client_info(o, info));
}

/// Appends a publication as one JSON object: as it came, if it came in JSON.
pub fn encode_publication(publication: &Publication, out: &mut Vec<u8>) {
    if !publication.json.is_empty() {
        return raw(out, &publication.json);
    }
    object(out, |o| {
        o.payload("data", Some(&publication.data));
        o.nonzero("offset", publication.offset);
        if let Some(info) = &publication.info {
            o.object("info", |o| client_info(o, info));
        }
        if !publication.tags.is_empty() {
            o.object("tags", |o| {
                publication.tags.iter().for_each(|(name, value)| o.text_entry(name, value));
            });
        }
    });
}

fn history(o: &mut Object<'_>, past: &History) {
    let out = o.member("publications");
    out.push(b'[');
    for (i, publication) in past.publications.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        encode_publication(publication, out);
    }
    out.push(b']');
    o.text("epoch", &past.top.epoch);
    o.number("offset", past.top.offset);
}
