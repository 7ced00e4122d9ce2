//! Who a plain client is, and which of its names are proved.
//!
//! Every text of a verified token is a proved name, and the token's user is the name `user`. What stands in
//! the address or in the message is merely claimed, and a proved name is never replaced by a claimed one.

use std::{collections::BTreeMap, time::Duration};

use regex::Regex;
use suona_protocol::{Channel, Disconnect, DisconnectCode};

use super::members::Members;
use crate::{
    auth::{ConnectionClaims, TokenError, Verifier},
    config::{Identify, PlainDoor, Template, Unfilled},
    session::{Introduction, ServerSub},
};

/// A client is not let in. The text is the reason that it is told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0} is missing in the address")]
    NoParameter(String),
    #[error("{0} in the address is malformed")]
    Malformed(String),
    #[error("{0} is missing in the first message")]
    NoToken(String),
    #[error("token expired or not valid yet")]
    Expired,
    #[error("invalid token")]
    Forged,
    #[error(transparent)]
    Name(#[from] Unfilled),
}

impl From<Refusal> for Disconnect {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Expired | Refusal::Forged => DisconnectCode::InvalidToken,
            Refusal::NoParameter(_) | Refusal::Malformed(_) | Refusal::NoToken(_) | Refusal::Name(_) => {
                DisconnectCode::BadRequest
            }
        };
        Self::custom(code.code(), &refusal.to_string())
    }
}

/// Reads who a client is from the parameter of its address.
pub(super) fn by_address(door: &PlainDoor, value: Option<&str>) -> Result<Introduction, Refusal> {
    let Identify::Query { parameter, pattern, user } = &door.identify else {
        return introduction(door, &Names::default(), None, None);
    };
    let value = value.ok_or_else(|| Refusal::NoParameter(parameter.clone()))?;
    let mut names = Names::default();
    if let Some(pattern) = pattern {
        names.claimed = captures(pattern, value).ok_or_else(|| Refusal::Malformed(parameter.clone()))?;
    }
    names.claimed.entry(parameter.clone()).or_insert_with(|| value.to_owned());
    introduction(door, &names, Some(user), None)
}

/// Reads who a client is from its first message; `now` counts from the Unix epoch.
pub(super) fn by_message(
    door: &PlainDoor,
    tokens: &Verifier,
    members: &Members<'_>,
    now: Duration,
) -> Result<Introduction, Refusal> {
    let Identify::Message { token, user } = &door.identify else {
        return introduction(door, &Names::default(), None, None);
    };
    let mut names = Names::default();
    let mut claims = None;
    if let Some(field) = token {
        let token = members.text(field).ok_or_else(|| Refusal::NoToken(field.clone()))?;
        claims = Some(believe(&token, tokens, &mut names, now)?);
    }
    let templates = door.channels.iter().chain(user);
    for name in templates.flat_map(Template::names) {
        names.claimed.extend(members.text(name).map(|value| (name.to_owned(), value)));
    }
    introduction(door, &names, user.as_ref(), claims)
}

/// What everybody hears behind a door whose clients the backend knows: the operator's own word, without names.
pub(super) fn channels_of(door: &PlainDoor) -> Vec<ServerSub> {
    let channel =
        |template: &Template| Some(ServerSub::new(Channel::new(template.fill(|_| None).ok()?), true));
    door.channels.iter().filter_map(channel).collect()
}

fn believe(
    token: &str,
    tokens: &Verifier,
    names: &mut Names,
    now: Duration,
) -> Result<ConnectionClaims, Refusal> {
    let (claims, texts) = tokens.verify_with_texts(token, now).map_err(|error| match error {
        TokenError::Expired => Refusal::Expired,
        TokenError::Invalid(why) => {
            tracing::debug!(%why, "the token of a plain client is refused");
            Refusal::Forged
        }
    })?;
    names.proved = texts;
    if !claims.user.is_empty() {
        names.proved.insert("user".to_owned(), claims.user.clone());
    }
    Ok(claims)
}

/// The named groups that took part in the match; `None` if there is none.
fn captures(pattern: &Regex, value: &str) -> Option<BTreeMap<String, String>> {
    let captures = pattern.captures(value)?;
    let group = |name: &str| Some((name.to_owned(), captures.name(name)?.as_str().to_owned()));
    Some(pattern.capture_names().flatten().filter_map(group).collect())
}

/// The names that a client has, with their values.
#[derive(Default)]
struct Names {
    proved: BTreeMap<String, String>,
    claimed: BTreeMap<String, String>,
}

impl Names {
    fn fill(&self, template: &Template) -> Result<String, Unfilled> {
        template.fill(|name| self.proved.get(name).or_else(|| self.claimed.get(name)).map(String::as_str))
    }

    /// Whether nothing in `template` is merely claimed; one without names is the operator's own word.
    fn prove(&self, template: &Template) -> bool {
        template.names().all(|name| self.proved.contains_key(name))
    }
}

/// Fills in who the client is, and the channels of the door and of the token.
fn introduction(
    door: &PlainDoor,
    names: &Names,
    user: Option<&Template>,
    claims: Option<ConnectionClaims>,
) -> Result<Introduction, Refusal> {
    let mut introduction = Introduction { proved: claims.is_some(), ..Introduction::default() };
    if let Some(ConnectionClaims { user, expires_at, info, subs, meta }) = claims {
        let subs = subs.into_iter().map(ServerSub::of_token).collect();
        introduction = Introduction { user, expires_at, info, meta, subs, ..introduction };
    }
    if let Some(user) = user {
        introduction.user = names.fill(user)?;
        introduction.proved &= names.prove(user);
    }
    for template in &door.channels {
        let channel = Channel::new(names.fill(template)?);
        let proved = door.trust_names || names.prove(template);
        match introduction.subs.iter_mut().find(|sub| sub.channel == channel) {
            Some(sub) => sub.proved |= proved,
            None => introduction.subs.push(ServerSub::new(channel, proved)),
        }
    }
    Ok(introduction)
}
