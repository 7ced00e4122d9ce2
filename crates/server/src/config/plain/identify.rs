//! What tells who a client of a plain door is.

use regex::Regex;

use super::{IdentifySettings, template};
use crate::config::{check::Check, template::Template};

/// What tells who a client is, and so which names it has.
#[derive(Clone, Debug)]
pub enum Identify {
    /// Nothing: everybody is the anonymous user, and there are no names.
    Anonymous,
    /// A parameter of the address. Its names are claimed, not proved.
    Query {
        /// The parameter; its name is a name too, for the whole value.
        parameter: String,
        /// What it must match; named groups are names.
        pattern: Option<Regex>,
        /// The user.
        user: Template,
    },
    /// The first message, whose text fields are names.
    Message {
        /// The field that holds a token; what the token claims is proved.
        token: Option<String>,
        /// The user, if the token does not tell.
        user: Option<Template>,
    },
    /// The backend, which is asked by the connect webhook and names the channels as well.
    Backend {
        /// Whether it is asked only when the first message has come, which goes along.
        after_message: bool,
    },
}

impl Identify {
    /// Whether `name` may have a value; what a message or a token holds is known only when it comes.
    pub(super) fn may_have(&self, name: &str) -> bool {
        match self {
            Self::Anonymous | Self::Backend { .. } => false,
            Self::Query { parameter, pattern, .. } => {
                parameter == name
                    || pattern
                        .as_ref()
                        .is_some_and(|p| p.capture_names().flatten().any(|group| group == name))
            }
            Self::Message { .. } => true,
        }
    }
}

impl IdentifySettings {
    pub(super) fn resolve(self, check: &mut Check<'_>, at: &str) -> Option<Identify> {
        let identify = match self.from.split_once(':') {
            Some(("query", parameter)) if !parameter.is_empty() => self.by_query(parameter, check, at)?,
            None if self.from == "message" => self.by_message(check, at)?,
            None if self.from == "anonymous" => {
                self.refuse(
                    &[("pattern", &self.pattern), ("user", &self.user), ("token", &self.token)],
                    check,
                    at,
                );
                Identify::Anonymous
            }
            None if self.from == "backend" => return self.by_backend(check, at),
            _ => {
                let message = format!(
                    "{:?} is no choice; use \"anonymous\", \"message\", \"backend\", or \"query:\" and the parameter's name",
                    self.from
                );
                check.wrong(at, &["from"], &message);
                return None;
            }
        };
        self.refuse(&[("first", &self.first)], check, at);
        Some(identify)
    }

    fn by_query(&self, parameter: &str, check: &mut Check<'_>, at: &str) -> Option<Identify> {
        self.refuse(&[("token", &self.token)], check, at);
        let pattern = match Regex::new(&self.pattern) {
            Ok(pattern) => (!self.pattern.is_empty()).then_some(pattern),
            Err(error) => {
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                check.wrong(
                    at,
                    &["pattern"],
                    &format!("{:?} is no regular expression: {reason}", self.pattern),
                );
                return None;
            }
        };
        let whole = Template::parse(&format!("{{{parameter}}}"));
        let Ok(whole) = whole else {
            let message = format!("{parameter:?} is no name for a parameter; use letters, digits and '_'");
            check.wrong(at, &["from"], &message);
            return None;
        };
        let mut identify = Identify::Query { parameter: parameter.to_owned(), pattern, user: whole };
        if !self.user.is_empty() {
            let written = template(&self.user, &identify, check, at, "user")?;
            if let Identify::Query { user, .. } = &mut identify {
                *user = written;
            }
        }
        Some(identify)
    }

    fn by_message(&self, check: &mut Check<'_>, at: &str) -> Option<Identify> {
        self.refuse(&[("pattern", &self.pattern)], check, at);
        let token = (!self.token.is_empty()).then(|| self.token.clone());
        let mut identify = Identify::Message { token, user: None };
        if !self.user.is_empty() {
            let written = template(&self.user, &identify, check, at, "user")?;
            if let Identify::Message { user, .. } = &mut identify {
                *user = Some(written);
            }
        }
        Some(identify)
    }

    fn by_backend(&self, check: &mut Check<'_>, at: &str) -> Option<Identify> {
        let others = [("pattern", &self.pattern), ("user", &self.user), ("token", &self.token)];
        self.refuse(&others, check, at);
        match self.first.as_str() {
            "" => Some(Identify::Backend { after_message: false }),
            "message" => Some(Identify::Backend { after_message: true }),
            first => {
                let message = format!("{first:?} is no choice; use \"message\", or remove it");
                check.wrong(at, &["first"], &message);
                None
            }
        }
    }

    /// Keys that mean nothing together with `from`.
    fn refuse(&self, keys: &[(&str, &String)], check: &mut Check<'_>, at: &str) {
        for (key, value) in keys {
            if !value.is_empty() {
                check.wrong(
                    at,
                    &[key, "from"],
                    &format!("means nothing with from = {:?}; remove it", self.from),
                );
            }
        }
    }
}
