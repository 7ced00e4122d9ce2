//! What both codecs ask of a command.

use std::collections::BTreeMap;

use crate::{Command, Request};

/// The bytes of a client are no command. Never quotes them: there may be a token inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed command: {0}")]
pub struct DecodeError(pub String);

/// The bit of a subscribe request's `flag` that asks for error 112 where a recovery is impossible.
pub(crate) const REJECT_UNRECOVERED: i64 = 2;

impl Command {
    /// Puts an id and what was found beside it together.
    ///
    /// Without an id there can only be a message that wants no answer, or the answer to a ping.
    pub(crate) fn assemble(id: u32, request: Option<Request>) -> Result<Self, DecodeError> {
        match (id, request) {
            (0, None) => Ok(Self { id, request: Request::Pong }),
            (_, None) => Err(DecodeError("an id, but nothing is asked".into())),
            (0, Some(request)) if !matches!(request, Request::Send(_)) => {
                Err(DecodeError("the id is missing".into()))
            }
            (_, Some(request)) => Ok(Self { id, request }),
        }
    }
}

/// Header names in lower case, each once.
pub(crate) fn headers(sent: BTreeMap<String, String>) -> Vec<(String, String)> {
    let lowered: BTreeMap<_, _> =
        sent.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    lowered.into_iter().collect()
}
