//! How a machine is set up: `options {…}` and `habits {…}`, as the SDK names them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use suona_client::{client, link};

use crate::Malformed;

/// What stands before the first input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) machine: String,
    pub(crate) options: Option<String>,
    pub(crate) habits: Option<String>,
}

impl Settings {
    pub(crate) fn link(&self) -> Result<link::Options, Malformed> {
        Ok(self.read()?.link(self.habits()?))
    }

    pub(crate) fn client(&self) -> Result<client::Options, Malformed> {
        let habits = self.habits()?;
        Ok(self.read()?.client(habits))
    }

    fn read(&self) -> Result<Options, Malformed> {
        parse(self.options.as_deref().unwrap_or("{}"))
    }

    fn habits(&self) -> Result<link::Habits, Malformed> {
        let Habits { suspends } = parse(self.habits.as_deref().unwrap_or("{}"))?;
        Ok(link::Habits { suspends })
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|error| Malformed(format!("{text}: {error}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Habits {
    #[serde(default)]
    suspends: bool,
}

/// Of both machines. Times are in milliseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    open_timeout: Option<u64>,
    reconnect: Option<bool>,
    max_attempts: Option<u32>,
    first_wait: Option<u64>,
    longest_wait: Option<u64>,
    on_hide: Option<OnHide>,
    session: Option<String>,
    token: Option<String>,
    #[serde(default)]
    asks_token: bool,
    data: Option<Box<RawValue>>,
    ttl: Option<u64>,
    outbox_commands: Option<usize>,
    outbox_bytes: Option<usize>,
    message_limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum OnHide {
    Keep,
    Close,
    #[serde(untagged)]
    After {
        #[serde(rename = "closeAfter")]
        close_after: u64,
    },
}

impl Options {
    fn link(&self, habits: link::Habits) -> link::Options {
        let usual = link::Options::default();
        let or = |given: Option<u64>, usual| given.map_or(usual, Duration::from_millis);
        link::Options {
            open_timeout: or(self.open_timeout, usual.open_timeout),
            reconnect: self.reconnect.unwrap_or(usual.reconnect),
            max_attempts: self.max_attempts,
            first_wait: or(self.first_wait, usual.first_wait),
            longest_wait: or(self.longest_wait, usual.longest_wait),
            on_hide: self.on_hide.as_ref().map(|on_hide| match on_hide {
                OnHide::Keep => link::OnHide::Keep,
                OnHide::Close => link::OnHide::CloseAfter(Duration::ZERO),
                OnHide::After { close_after } => {
                    link::OnHide::CloseAfter(Duration::from_millis(*close_after))
                }
            }),
            habits,
        }
    }

    fn client(self, habits: link::Habits) -> client::Options {
        let link = self.link(habits);
        let usual = client::Options::new(self.session.unwrap_or_else(|| "s".to_owned()));
        client::Options {
            token: self.token.map(Into::into),
            asks_token: self.asks_token,
            data: self.data.map(|data| String::from(Box::<str>::from(data)).into()),
            ttl: self.ttl.map_or(usual.ttl, Duration::from_millis),
            outbox_commands: self.outbox_commands.unwrap_or(usual.outbox_commands),
            outbox_bytes: self.outbox_bytes.unwrap_or(usual.outbox_bytes),
            message_limit: self.message_limit.unwrap_or(usual.message_limit),
            link,
            ..usual
        }
    }
}

/// The lines for a client of these options.
pub(crate) fn written(options: &client::Options) -> Vec<String> {
    let link = &options.link;
    let (usual, usual_link) = (client::Options::new("s"), link::Options::default());
    let ms = |time: Duration| Value::from(time.as_millis() as u64);
    let on_hide = link.on_hide.map(|on_hide| match on_hide {
        link::OnHide::Keep => Value::from("keep"),
        link::OnHide::CloseAfter(after) => serde_json::json!({ "closeAfter": ms(after) }),
    });
    let unless = |is_usual: bool, value: Value| (!is_usual).then_some(value);
    let data = options.data.as_deref().map(|data| serde_json::from_slice(data).unwrap_or(Value::Null));
    let all = [
        ("session", unless(options.session == usual.session, (*options.session).into())),
        ("token", options.token.as_deref().map(Value::from)),
        ("asksToken", unless(!options.asks_token, true.into())),
        ("data", data),
        ("ttl", unless(options.ttl == usual.ttl, ms(options.ttl))),
        (
            "outboxCommands",
            unless(options.outbox_commands == usual.outbox_commands, options.outbox_commands.into()),
        ),
        ("outboxBytes", unless(options.outbox_bytes == usual.outbox_bytes, options.outbox_bytes.into())),
        ("messageLimit", unless(options.message_limit == usual.message_limit, options.message_limit.into())),
        ("openTimeout", unless(link.open_timeout == usual_link.open_timeout, ms(link.open_timeout))),
        ("reconnect", unless(link.reconnect, false.into())),
        ("maxAttempts", link.max_attempts.map(Value::from)),
        ("firstWait", unless(link.first_wait == usual_link.first_wait, ms(link.first_wait))),
        ("longestWait", unless(link.longest_wait == usual_link.longest_wait, ms(link.longest_wait))),
        ("onHide", on_hide),
    ];
    let all: Map<_, _> =
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut lines = vec!["machine client".to_owned()];
    if !all.is_empty() {
        lines.push(format!("options {}", Value::from(all)));
    }
    if link.habits != link::Habits::default() {
        let habits = serde_json::json!({ "suspends": link.habits.suspends });
        lines.push(format!("habits {habits}"));
    }
    lines
}
