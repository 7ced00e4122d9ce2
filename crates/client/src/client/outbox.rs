//! Commands that wait for a connection or for their answer, each to be settled exactly once.

use std::{collections::BTreeMap, time::Duration};

use serde::de::IgnoredAny;
use suona_protocol::{AnyEpoch, ErrorReply, Request, Token, heard::Answer};

use super::{Command, Language, Options, Output, conversation::Awaited, host::Host};
use crate::{Code, Fault};

/// Commands stay below the five minutes for which a server remembers keys.
const LONGEST_TTL: Duration = Duration::from_secs(240);
/// Bytes of the number that a command gets on its way.
const NUMBER: usize = 20;

#[derive(Debug)]
pub(super) struct Outbox {
    session: Token,
    language: Language,
    usual_ttl: Duration,
    message_limit: usize,
    most_commands: usize,
    most_bytes: usize,
    /// By ticket, in the order in which they were given.
    entries: BTreeMap<u64, Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    command: Command,
    bytes: usize,
    expires: Duration,
    /// It went out on this connection.
    sent: bool,
    /// It went out on some connection.
    tried: bool,
}

impl Outbox {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            session: options.session.clone(),
            language: options.language,
            usual_ttl: options.ttl,
            message_limit: options.message_limit,
            most_commands: options.outbox_commands,
            most_bytes: options.outbox_bytes,
            entries: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Takes a command, or settles it at once.
    pub(super) fn put(&mut self, ticket: u64, command: Command, ttl: Option<Duration>, host: &mut Host) {
        match self.admit(ticket, &command, host) {
            Ok(bytes) => {
                let expires = host.now() + ttl.unwrap_or(self.usual_ttl).min(LONGEST_TTL);
                self.bytes += bytes;
                self.entries.insert(ticket, Entry { command, bytes, expires, sent: false, tried: false });
            }
            Err(code) => host.tell(Output::Settle { ticket, outcome: Err(code.into()) }),
        }
    }

    /// Sends what was not sent on this connection. A server that knows keys does once what has one, however often it is
    /// asked.
    pub(super) fn flush(&mut self, knows_keys: bool, host: &mut Host) {
        let mut over = Vec::new();
        for (ticket, entry) in &mut self.entries {
            if entry.sent {
                continue;
            }
            if entry.tried && entry.command.is_once_only() && !knows_keys {
                over.push((*ticket, Err(Code::UnknownOutcome.into())));
                continue;
            }
            (entry.sent, entry.tried) = (true, true);
            let request = request(&self.session, *ticket, &entry.command);
            if entry.command.is_answered() {
                host.conversation.ask(request, Some(Awaited::Command(*ticket)));
            } else {
                host.conversation.say(request);
                over.push((*ticket, Ok(None)));
            }
        }
        self.end_all(over, host);
    }

    /// The server answered.
    pub(super) fn answered(&mut self, ticket: u64, outcome: Result<Answer, ErrorReply>, host: &mut Host) {
        self.end(ticket, outcome.map(Some).map_err(Fault::from), host);
    }

    /// The connection is gone. What is safe to ask again waits for the next; the fate of the rest stays unknown.
    pub(super) fn lost(&mut self, knows_keys: bool, host: &mut Host) {
        let mut over = Vec::new();
        for (ticket, entry) in self.entries.iter_mut().filter(|(_, entry)| entry.sent) {
            entry.sent = false;
            if entry.command.is_once_only() && !knows_keys {
                over.push((*ticket, Err(Code::UnknownOutcome.into())));
            }
        }
        self.end_all(over, host);
    }

    /// Settles what is too old: what was never sent never will be.
    pub(super) fn expire(&mut self, host: &mut Host) {
        let old = self.entries.iter().filter(|(_, entry)| entry.expires <= host.now());
        let over = old.map(|(ticket, entry)| {
            let code = if entry.tried { Code::UnknownOutcome } else { Code::Expired };
            (*ticket, Err(code.into()))
        });
        let over = over.collect();
        self.end_all(over, host);
    }

    /// Settles everything.
    pub(super) fn clear(&mut self, fault: &Fault, host: &mut Host) {
        let over = self.entries.keys().map(|ticket| (*ticket, Err(fault.clone()))).collect();
        self.end_all(over, host);
    }

    /// When the next command is too old.
    pub(super) fn due(&self) -> Option<Duration> {
        self.entries.values().map(|entry| entry.expires).min()
    }

    /// How many bytes a command counts for, if it may come in.
    fn admit(&self, ticket: u64, command: &Command, host: &Host) -> Result<usize, Code> {
        if self.language == Language::Json && !command.payload().is_none_or(|payload| is_json(payload)) {
            return Err(Code::NotJson);
        }
        let bytes = host.conversation.weigh(request(&self.session, ticket, command)) + NUMBER;
        if bytes > self.message_limit {
            Err(Code::TooLarge)
        } else if self.entries.len() >= self.most_commands || self.bytes + bytes > self.most_bytes {
            Err(Code::OutboxFull)
        } else {
            Ok(bytes)
        }
    }

    fn end_all(&mut self, over: Vec<(u64, Result<Option<Answer>, Fault>)>, host: &mut Host) {
        for (ticket, outcome) in over {
            self.end(ticket, outcome, host);
        }
    }

    fn end(&mut self, ticket: u64, outcome: Result<Option<Answer>, Fault>, host: &mut Host) {
        if let Some(entry) = self.entries.remove(&ticket) {
            self.bytes -= entry.bytes;
            host.tell(Output::Settle { ticket, outcome });
        }
    }
}

/// A command as it goes over the wire: with a key, if doing it twice is not the same as doing it once.
fn request(session: &Token, ticket: u64, command: &Command) -> Request<AnyEpoch> {
    command.request(command.is_once_only().then(|| format!("{}-{ticket}", &**session)))
}

/// Whether a frame of text can carry it. Its strings are looked at too, which skipping over them would not do.
fn is_json(payload: &[u8]) -> bool {
    str::from_utf8(payload).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_text_everywhere() {
        for good in ["{}", "null", "\"你好\"", " [1, 2] "] {
            assert!(is_json(good.as_bytes()), "{good}");
        }
        for bad in [&b"\"\xff\""[..], b"{\"\xc3\":1}", b"", b"{", b"1 2"] {
            assert!(!is_json(bad), "{bad:?}");
        }
    }
}
