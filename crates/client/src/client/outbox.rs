//! Commands that wait for a connection or for their answer, each to be settled exactly once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use suona_protocol::{AnyEpoch, ErrorReply, Request, Token, heard::Answer, json::is_json};

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
    /// Why nothing comes in: the client is offline for good.
    closed: Option<Fault>,
}

#[derive(Debug)]
struct Entry {
    command: Command,
    bytes: usize,
    expires: Duration,
    /// The life of the server to which it goes out on this connection; empty if that told no name.
    sent: Option<Arc<str>>,
    /// The same of the last connection before on which it went out.
    tried: Option<Arc<str>>,
    /// It had gone out to two lives of a server before this connection, and may have happened in both.
    doubtful: bool,
}

impl Entry {
    /// It may have happened, and to do it again is not the same as having done it once.
    fn is_open(&self) -> bool {
        self.tried.is_some() && self.command.is_once_only()
    }

    /// It went out to two lives of a server, and may have happened in both.
    fn is_doubtful(&self) -> bool {
        let (Some(tried), Some(sent)) = (&self.tried, &self.sent) else { return self.doubtful };
        self.doubtful || (self.command.is_once_only() && (tried != sent || sent.is_empty()))
    }
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
            closed: None,
        }
    }

    /// The client is started: from now on commands wait for a connection.
    pub(super) fn open(&mut self) {
        self.closed = None;
    }

    /// Takes a command, or settles it at once.
    pub(super) fn put(&mut self, ticket: u64, command: Command, ttl: Option<Duration>, host: &mut Host) {
        match self.admit(ticket, &command, host) {
            Ok(bytes) => {
                let expires = host.now() + ttl.unwrap_or(self.usual_ttl).min(LONGEST_TTL);
                self.bytes += bytes;
                let entry = Entry { command, bytes, expires, sent: None, tried: None, doubtful: false };
                self.entries.insert(ticket, entry);
            }
            Err(fault) => host.tell(Output::Settle { ticket, outcome: Err(fault), doubtful: false }),
        }
    }

    /// Sends what was not sent on this connection, which is to this life of the server.
    pub(super) fn flush(&mut self, life: &Arc<str>, host: &mut Host) {
        let mut over = Vec::new();
        for (ticket, entry) in self.entries.iter_mut().filter(|(_, entry)| entry.sent.is_none()) {
            entry.sent = Some(life.clone());
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

    /// The connection is gone: what is not answered waits for the next. What these tickets name never left by it.
    pub(super) fn lost(&mut self, unsaid: &[u64]) {
        for ticket in unsaid {
            if let Some(entry) = self.entries.get_mut(ticket) {
                entry.sent = None;
            }
        }
        for entry in self.entries.values_mut() {
            entry.doubtful = entry.is_doubtful();
            entry.tried = entry.sent.take().or(entry.tried.take());
        }
    }

    /// Nobody will say what became of that which has gone out: the server would do it once more. With a fault, nothing
    /// else will be sent either, and why.
    pub(super) fn forsake(&mut self, fault: Option<&Fault>, host: &mut Host) {
        let unknown = Fault::from(Code::UnknownOutcome);
        let over = self.entries.iter().filter_map(|(ticket, entry)| {
            let why = if entry.is_open() { Some(&unknown) } else { fault };
            why.map(|why| (*ticket, Err(why.clone())))
        });
        let over = over.collect();
        self.end_all(over, host);
    }

    /// Settles what is too old: what was never sent never will be.
    pub(super) fn expire(&mut self, host: &mut Host) {
        let old = self.entries.iter().filter(|(_, entry)| entry.expires <= host.now());
        let over = old.map(|(ticket, entry)| {
            let went_out = entry.sent.is_some() || entry.tried.is_some();
            let code = if went_out { Code::UnknownOutcome } else { Code::Expired };
            (*ticket, Err(code.into()))
        });
        let over = over.collect();
        self.end_all(over, host);
    }

    /// The client is offline for good, and why. What may have happened settles as that, and everything else with the
    /// reason; so does all that is given until it is started again.
    pub(super) fn close(&mut self, fault: Fault, host: &mut Host) {
        self.forsake(Some(&fault), host);
        self.closed = Some(fault);
    }

    /// When the next command is too old.
    pub(super) fn due(&self) -> Option<Duration> {
        self.entries.values().map(|entry| entry.expires).min()
    }

    /// How many bytes a command counts for, if it may come in.
    fn admit(&self, ticket: u64, command: &Command, host: &Host) -> Result<usize, Fault> {
        if self.language == Language::Json && !command.payload().is_none_or(|payload| is_json(payload)) {
            return Err(Code::NotJson.into());
        }
        let bytes = host.conversation.weigh(request(&self.session, ticket, command)) + NUMBER;
        if let Some(fault) = &self.closed {
            Err(fault.clone())
        } else if bytes > self.message_limit {
            Err(Code::TooLarge.into())
        } else if self.entries.len() >= self.most_commands || self.bytes + bytes > self.most_bytes {
            Err(Code::OutboxFull.into())
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
            host.tell(Output::Settle { ticket, outcome, doubtful: entry.is_doubtful() });
        }
    }
}

/// A command as it goes over the wire: with a key, if doing it twice is not the same as doing it once.
fn request(session: &Token, ticket: u64, command: &Command) -> Request<AnyEpoch> {
    command.request(command.is_once_only().then(|| format!("{}-{ticket}", &**session)))
}
