//! The sections `plain`: doors for clients that know nothing of channels.

mod identify;

use std::time::Duration;

use super::{check::Check, schema::section, template::Template, value::choice, webhooks::RpcRoutes};

pub use identify::Identify;

section! {
    /// A plain door, as written.
    pub struct PlainSettings {
        /// The path that clients connect to.
        path: String = String::new(),
        /// Who a client is.
        identify: IdentifySettings = IdentifySettings::default(),
        /// Whether names that a client merely claims open channels; without it the namespace must allow them.
        trust_names: bool = false,
        /// The channels that are joined on opening; `{name}` stands for a name that identified the client.
        channels: Vec<String> = Vec::new(),
        /// What is sent once on opening; nothing if absent.
        greeting: Option<String> = None,
        /// Texts that only say "I am here".
        heartbeat: Option<Heartbeat> = None,
        /// How long a client may be silent before it is dropped; 0 for as long as it likes.
        idle_timeout: Duration = Duration::ZERO,
        /// How pushes are sent: "text" or "binary".
        frames: Frames = Frames::Text,
        /// Where requests name their method and replies their result; no requests if absent.
        rpc: Option<PlainRpc> = None,
        /// The method that takes every message which is neither heartbeat nor request; none if absent.
        on_message: Option<String> = None,
    }
}

section! {
    /// Who a client of a plain door is, as written.
    pub struct IdentifySettings {
        /// What tells: "anonymous", "query:NAME", "message" (the first one), or "backend".
        from: String = "anonymous".to_owned(),
        /// What the query parameter must match; its named groups are names.
        pattern: String = String::new(),
        /// The user, made of names; for a query the whole parameter, for a token its user if empty.
        user: String = String::new(),
        /// The field of the first message that holds a token; none if empty.
        token: String = String::new(),
        /// For "backend": "message" if the first message is part of what it is asked.
        first: String = String::new(),
    }
}

section! {
    /// Texts that only say "I am here"; they are consumed, never forwarded.
    pub struct Heartbeat {
        /// What clients send.
        request: String = String::new(),
        /// What they are answered; nothing if absent.
        reply: Option<String> = None,
    }
}

section! {
    /// The fields of requests and replies.
    pub struct PlainRpc {
        /// The field that names the method.
        method: String = "method".to_owned(),
        /// The field of the reply that holds the result.
        result: String = "result".to_owned(),
    }
}

choice! {
    /// How pushes are sent.
    pub enum Frames {
        /// In text frames.
        Text = "text",
        /// In binary frames.
        Binary = "binary",
    }
}

/// A plain door.
#[derive(Clone, Debug)]
pub struct PlainDoor {
    /// The path that clients connect to.
    pub path: String,
    /// Who a client is.
    pub identify: Identify,
    /// Whether names that a client merely claims open channels.
    pub trust_names: bool,
    /// The channels that are joined on opening.
    pub channels: Vec<Template>,
    /// What is sent once on opening.
    pub greeting: Option<String>,
    /// Texts that only say "I am here".
    pub heartbeat: Option<Heartbeat>,
    /// How long a client may be silent.
    pub idle_timeout: Option<Duration>,
    /// How pushes are sent.
    pub frames: Frames,
    /// Where requests name their method and replies their result.
    pub rpc: Option<PlainRpc>,
    /// The method that takes every other message.
    pub on_message: Option<String>,
}

impl PlainSettings {
    /// `None` if it cannot be served; then `check` knows why.
    pub(super) fn resolve(self, check: &mut Check<'_>, at: &str) -> Option<PlainDoor> {
        let identify = self.identify.resolve(check, &format!("{at}.identify"))?;
        let mut channels = Vec::with_capacity(self.channels.len());
        for channel in &self.channels {
            channels.extend(template(channel, &identify, check, at, "channels"));
        }
        if let Some(heartbeat) = &self.heartbeat
            && heartbeat.request.is_empty()
        {
            let message = "needs request, the text that clients send; or remove heartbeat";
            check.wrong(&format!("{at}.heartbeat"), &["request"], message);
        }
        if matches!(identify, Identify::Anonymous) && self.trust_names {
            check.notice(at, "trust_names", "has no effect: anonymous clients have no names");
        }
        Some(PlainDoor {
            path: self.path,
            identify,
            trust_names: self.trust_names,
            channels,
            greeting: self.greeting,
            heartbeat: self.heartbeat,
            idle_timeout: (!self.idle_timeout.is_zero()).then_some(self.idle_timeout),
            frames: self.frames,
            rpc: self.rpc,
            on_message: self.on_message,
        })
    }
}

impl PlainDoor {
    /// Says which requests nobody would answer.
    pub(super) fn check_methods(&self, routes: &RpcRoutes, check: &mut Check<'_>, at: &str) {
        if self.rpc.is_some() && routes.are_none() {
            let message = "has no backend to ask, so every request is answered with an error; set \
                 rpc.proxy.endpoint and rpc.without_namespace.proxy_enabled";
            check.notice(at, "rpc", message);
        }
        if let Some(method) = &self.on_message
            && routes.find(method).is_err()
        {
            let message = format!("{method:?} is asked of nobody; set rpc.proxy.endpoint and proxy_enabled");
            check.notice(at, "on_message", &message);
        }
    }
}

/// Reads a template that may use the names of `identify` only.
fn template(text: &str, identify: &Identify, check: &mut Check<'_>, at: &str, key: &str) -> Option<Template> {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => {
            check.wrong(at, &[key], &format!("{text:?} {error}"));
            return None;
        }
    };
    let unknown: Vec<&str> = template.names().filter(|name| !identify.may_have(name)).collect();
    if let Some(name) = unknown.first() {
        let message = match identify {
            Identify::Anonymous => format!("{text:?} uses {{{name}}}, but anonymous clients have no names"),
            Identify::Backend { .. } => {
                format!("{text:?} uses {{{name}}}, but the backend names the channels itself, whole")
            }
            _ => format!("{text:?} uses {{{name}}}; define it in identify.pattern as (?<{name}>…)"),
        };
        check.wrong(at, &[key], &message);
        return None;
    }
    Some(template)
}
