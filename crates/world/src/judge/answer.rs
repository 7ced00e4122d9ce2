//! What an app was answered, against what the server knew.

use std::collections::BTreeSet;

use suona_protocol::heard::{Answer, History};

use super::Act;
use crate::chronicle::{Chronicle, Stream};

/// Whether this answers that, and is true.
pub(super) fn check(
    act: &Act,
    data: &str,
    answer: Option<&Answer>,
    chronicle: &Chronicle,
) -> Result<(), String> {
    let fits = match (act, answer) {
        (Act::Rpc, Some(Answer::Rpc(Some(told)))) => **told == *data.as_bytes(),
        (Act::Publish(_), Some(Answer::Publish)) | (Act::Send, None) => true,
        (Act::History(channel, limit), Some(Answer::History(page))) => {
            is_true(page, channel, *limit, chronicle)
        }
        (Act::Presence(_), Some(Answer::Presence(present))) => {
            let clients: BTreeSet<_> = present.iter().map(|info| &info.client).collect();
            clients.len() == present.len() && present.iter().all(|info| info.user.starts_with("user"))
        }
        (Act::PresenceStats(_), Some(Answer::PresenceStats(stats))) => stats.num_users <= stats.num_clients,
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("{act:?} with {data} was answered {answer:?}")) }
}

/// Whether this is a page of the stream: all that is kept and asked for, without holes, and newest last.
fn is_true(page: &History, channel: &str, limit: i32, chronicle: &Chronicle) -> bool {
    let Some(stream) = chronicle.by_epoch(&page.top.epoch).filter(|stream| stream.channel == channel) else {
        return false;
    };
    let all = &page.publications;
    let first = all.first().map_or(1, |first| first.offset);
    let is_taken = |(publication, offset): (&suona_protocol::heard::Publication, u64)| {
        let taken = stream.at(offset).map(String::as_bytes);
        publication.offset == offset && taken == Some(&publication.data[..])
    };
    page.top.offset <= stream.top()
        && all.last().is_none_or(|last| last.offset <= page.top.offset)
        && usize::try_from(limit).is_ok_and(|limit| all.len() <= limit)
        && all.iter().zip(first..).all(is_taken)
        && (limit == 0 || is_whole(page, stream, limit, chronicle))
}

/// Whether the page begins where nothing before it is kept, and ends with the stream, or because it is full.
fn is_whole(page: &History, stream: &Stream, limit: i32, chronicle: &Chronicle) -> bool {
    let all = &page.publications;
    let is_full = usize::try_from(limit).is_ok_and(|limit| all.len() == limit);
    // What is kept now was kept when the server answered, too.
    let gone = all.first().map_or(page.top.offset, |first| first.offset - 1);
    let begins = gone == 0 || !chronicle.keeps_all_since(stream, gone - 1);
    begins && (is_full || all.last().is_none_or(|last| last.offset == page.top.offset))
}
