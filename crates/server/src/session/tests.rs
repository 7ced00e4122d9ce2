//! Stories of one client, told without a socket, a clock or a broker.

mod channels;
mod connecting;
mod consulting;
mod granting;
mod limits;
mod order;
mod recovering;
mod refreshing;
mod taking_over;
mod time;
mod tokens;

use suona_protocol::{
    Channel, ConnectRequest, Content, Encoded, Epoch, ErrorReply, Payload, Position, Publication,
    PublishRequest, Push, PushEvent, RecoverFrom, SubscribeRequest, UnsubscribeCode,
};

use super::*;
use crate::{
    Now,
    auth::{SubscriptionGrant, TokenOptions, Verifier},
    backend::{Advice, Consultation, Granted},
    broker::{BrokerError, Page},
    config::{Config, config_of},
};

/// One client and its session; the test plays door, broker and clock.
struct Desk {
    rules: Rules,
    now: Now,
    room: bool,
    session: Session,
    /// What the session wants done and the test has not looked at yet.
    actions: Vec<Action>,
}

const OPEN: &str = r#"
    [client]
    allow_anonymous_connect_without_token = true
    [channel.without_namespace]
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    allow_publish_for_subscriber = true
    allow_publish_for_anonymous = true
    presence = true
    join_leave = true
    allow_presence_for_subscriber = true
    allow_presence_for_anonymous = true
    allow_history_for_subscriber = true
    allow_history_for_anonymous = true
    history_size = 10
    history_ttl = "60s"
    force_recovery = true
    [[channel.namespaces]]
    name = "closed"
"#;

impl Desk {
    fn new(toml: &str) -> Self {
        let config = config_of(toml);
        let ping = Some(PingSchedule {
            interval: config.client.ping_interval,
            pong_timeout: Some(config.client.pong_timeout),
        });
        Self::with_manners(config, Manners { ping, announces_pings: true, ..Manners::default() })
    }

    fn with_manners(config: Config, manners: Manners) -> Self {
        Self::with_tokens(config, manners, &verifier())
    }

    fn with_tokens(config: Config, manners: Manners, tokens: &Verifier) -> Self {
        let rules = Rules {
            config,
            connection_tokens: Arc::new(tokens.clone()),
            subscription_tokens: tokens.clone(),
            version: "Suona test".to_owned(),
            node: "this life".into(),
        };
        let now = Now { instant: Instant::now(), unix: Duration::from_secs(1_800_000_000) };
        let ctx = Context { rules: &rules, now, room: true };
        let session = Session::new("me".to_owned(), manners, 0.0, ctx);
        Self { rules, now, room: true, session, actions: Vec::new() }
    }

    /// A client that is connected, anonymously.
    fn connected(toml: &str) -> Self {
        let mut desk = Self::new(toml);
        desk.says(1, Request::Connect(Box::default()));
        assert!(desk.session.is_connected(), "{:?}", desk.actions);
        desk.actions.clear();
        desk
    }

    /// A client that is connected and hears `channel`, whose stream stands at 5.
    fn subscribed(toml: &str, channel: &str) -> Self {
        let mut desk = Self::connected(toml);
        desk.says(2, subscribe(channel));
        let ask = desk.asked();
        desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
        assert!(matches!(desk.replies()[..], [(2, Outcome::Subscribe(_))]));
        desk.actions.clear();
        desk
    }

    fn hears(&mut self, input: Input) {
        let ctx = Context { rules: &self.rules, now: self.now, room: self.room };
        self.session.handle(input, ctx, &mut self.actions);
    }

    fn says(&mut self, id: u32, request: Request) {
        self.hears(Input::Command(Command { id, request }));
    }

    /// Lets time pass, waking the session at each of its deadlines.
    fn after(&mut self, by: Duration) {
        let until = self.now.after(by);
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= until.instant) {
            self.now = self.now.after(deadline.saturating_duration_since(self.now.instant));
            self.hears(Input::Woke);
        }
        self.now = until;
    }

    /// The last question to the broker.
    fn asked(&self) -> Ask {
        let ask = self.actions.iter().rev().find_map(|action| match action {
            Action::Ask(ask, _) => Some(*ask),
            _ => None,
        });
        ask.expect("the session asked something")
    }

    /// The last question to the backend.
    fn consulted(&self) -> (Ask, &Consultation) {
        let consulted = self.actions.iter().rev().find_map(|action| match action {
            Action::Consult(ask, consultation) | Action::ConsultOnce(ask, consultation, _) => {
                Some((*ask, &**consultation))
            }
            _ => None,
        });
        consulted.expect("the session asked the backend")
    }

    /// The backend answers the last question.
    fn advises(&mut self, advice: Advice) {
        let ask = self.consulted().0;
        self.advises_on(ask, advice);
    }

    fn advises_on(&mut self, ask: Ask, advice: Advice) {
        self.hears(Input::Answered(ask, Ok(Answered::Advised(advice))));
    }

    fn questions(&self) -> usize {
        self.actions.iter().filter(|action| matches!(action, Action::Ask(..))).count()
    }

    fn replies(&self) -> Vec<(u32, &Outcome)> {
        let replies = self.actions.iter().filter_map(|action| match action {
            Action::Reply(Reply { id, outcome }) => Some((*id, outcome)),
            _ => None,
        });
        replies.collect()
    }

    /// The error with which command `id` was refused.
    fn error(&self, id: u32) -> Option<&ErrorReply> {
        self.replies().into_iter().find_map(|(replied, outcome)| match outcome {
            Outcome::Error(error) if replied == id => Some(error),
            _ => None,
        })
    }

    fn error_code(&self, id: u32) -> Option<u32> {
        self.error(id).map(|error| error.code)
    }

    /// The code with which the connection was closed.
    fn closed(&self) -> Option<u32> {
        self.actions.iter().find_map(|action| match action {
            Action::Close(why) => Some(why.code()),
            _ => None,
        })
    }

    /// The actions so far, by name.
    fn names(&self) -> Vec<&'static str> {
        let name = |action: &Action| match action {
            Action::Reply(_) => "reply",
            Action::Push(_) => "push",
            Action::Publication(..) => "publication",
            Action::Ping => "ping",
            Action::Register(_) => "register",
            Action::TakeOver { .. } => "take over",
            Action::Exceeded(_) => "exceeded",
            Action::Ask(..) => "ask",
            Action::Consult(..) => "consult",
            Action::ConsultOnce(..) => "consult once",
            Action::FetchKeys(..) => "fetch keys",
            Action::Listen { .. } => "listen",
            Action::Leave(..) => "leave",
            Action::AddPresence(..) => "add presence",
            Action::RemovePresence(..) => "remove presence",
            Action::AnnounceJoin(..) => "announce join",
            Action::AnnounceLeave(..) => "announce leave",
            Action::Close(_) => "close",
            Action::Drop => "drop",
        };
        self.actions.iter().map(name).collect()
    }
}

fn verifier() -> Verifier {
    let options = TokenOptions { hmac_secret: SECRET.to_owned(), ..Default::default() };
    Verifier::new(&options).expect("a secret is a key")
}

const SECRET: &str = "a secret of at least thirty-two bytes";

/// A token of these claims.
fn token(claims: &serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("claims are JSON")
}

fn connect_with(token: String) -> Request {
    Request::Connect(Box::new(ConnectRequest { token: token.into(), ..ConnectRequest::default() }))
}

fn subscribe(channel: &str) -> Request {
    Request::Subscribe(Box::new(SubscribeRequest::new(channel.into())))
}

fn recover(channel: &str, offset: u64) -> Request {
    let since = RecoverFrom { recover: true, offset, epoch: Some(Epoch::from_random(7)) };
    Request::Subscribe(Box::new(SubscribeRequest { since, ..SubscribeRequest::new(channel.into()) }))
}

fn publish(channel: &str) -> Request {
    let (idempotency_key, exclude_self) = (String::new(), false);
    Request::Publish(PublishRequest {
        channel: channel.into(),
        data: "1".into(),
        idempotency_key,
        exclude_self,
    })
}

fn page(top: u64) -> Page {
    Page { publications: Vec::new(), top: Position { offset: top, epoch: Epoch::from_random(7) } }
}

fn publication(channel: &str, offset: u64) -> Arc<Encoded> {
    let publication = Publication { data: "1".into(), offset, ..Publication::default() };
    Arc::new(Encoded::new(channel.into(), publication, Content::Json))
}
