//! Requests of a plain client that wait for their replies, and how those are written.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Serializer;
use serde_json::value::{RawValue, to_raw_value};
use suona_protocol::{
    ErrorCode, ErrorReply, Outcome,
    ws::{self, Opcode},
};

use crate::config::PlainRpc;

/// At most so many requests of one client wait; the session bounds them as well.
pub(super) const MAX_REQUESTS: usize = 1024;
/// At most so many bytes of their methods' names.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// More waits than a well-behaved client would ever ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// What each request asked for, oldest first.
#[derive(Debug)]
pub(super) struct Requests {
    last_id: u32,
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    id: u32,
    /// `None` for a message that named none.
    method: Option<Box<str>>,
}

impl Requests {
    /// None yet; the first one gets the id after `last_id`.
    pub(super) fn after(last_id: u32) -> Self {
        Self { last_id, waiting: VecDeque::new(), bytes: 0 }
    }

    /// Notes a request, and numbers it.
    pub(super) fn begin(&mut self, method: Option<String>) -> Result<u32, TooMany> {
        let bytes = self.bytes + method.as_ref().map_or(0, String::len);
        if self.waiting.len() >= MAX_REQUESTS || bytes > MAX_BYTES {
            return Err(TooMany);
        }
        self.bytes = bytes;
        // 0 is no id of a request.
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.waiting.push_back(Waiting { id: self.last_id, method: method.map(Into::into) });
        Ok(self.last_id)
    }

    /// Takes back what the request with this id asked for, if there is one.
    pub(super) fn end(&mut self, id: u32) -> Option<Option<Box<str>>> {
        let at = self.waiting.iter().position(|one| one.id == id)?;
        let method = self.waiting.remove(at)?.method;
        self.bytes -= method.as_ref().map_or(0, |method| method.len());
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        Some(method)
    }
}

/// The reply to a request for `method`: `{"method":…,"result":…}`, or with an error. A message that named no
/// method gets the bare result, if there is one.
pub(super) fn reply(rpc: Option<&PlainRpc>, method: Option<&str>, outcome: &Outcome) -> Option<Bytes> {
    let named = rpc.zip(method).map(|(rpc, method)| (rpc.method.as_str(), method));
    let data = match outcome {
        Outcome::Rpc { data } => data,
        Outcome::Error(error) => return Some(self::error(named, error)),
        _ => return None,
    };
    let Some(result) = data.as_deref().map_or(Ok(RawValue::NULL), serde_json::from_slice).ok() else {
        tracing::debug!("a plain client was to be answered with something that is no JSON");
        return Some(error(named, &ErrorCode::Internal.into()));
    };
    match rpc.zip(named) {
        Some((rpc, (key, method))) => Some(object([(key, &*raw(method)), (&rpc.result, result)])),
        None => data.is_some().then(|| ws::frame(Opcode::Text, result.get().as_bytes())),
    }
}

/// An error, with the member that names the method if one was asked for.
pub(super) fn error(named: Option<(&str, &str)>, error: &ErrorReply) -> Bytes {
    #[derive(serde::Serialize)]
    struct Error<'a> {
        code: u32,
        message: &'a str,
    }
    let error = raw(&Error { code: error.code, message: &error.message });
    match named {
        Some((key, method)) => object([(key, &*raw(method)), ("error", &*error)]),
        None => object([("error", &*error)]),
    }
}

fn raw<T: serde::Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    to_raw_value(value).expect("texts and numbers are JSON")
}

/// A text frame of an object with these members in this order.
fn object<const N: usize>(members: [(&str, &RawValue); N]) -> Bytes {
    let mut json = Vec::with_capacity(128);
    serde_json::Serializer::new(&mut json).collect_map(members).expect("a vector takes everything");
    ws::frame(Opcode::Text, &json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_by_their_ids_and_bounded_in_count() {
        let mut requests = Requests::after(1);
        for id in 2..1026 {
            assert_eq!(requests.begin(Some(id.to_string())), Ok(id));
        }
        assert_eq!(requests.begin(Some(String::new())), Err(TooMany));
        assert_eq!(requests.end(1), None);
        assert_eq!(requests.end(3).flatten().as_deref(), Some("3"));
        assert_eq!(requests.end(3), None);
        assert_eq!(requests.begin(None), Ok(1026));
        assert_eq!(requests.end(1026), Some(None));
    }

    #[test]
    fn the_bytes_of_their_names_are_bounded_and_given_back() {
        let mut requests = Requests::after(1);
        for _ in 0..3 {
            let ids: Vec<_> = (0..16).map(|_| requests.begin(Some("x".repeat(1 << 16))).unwrap()).collect();
            assert_eq!(requests.begin(Some("x".to_owned())), Err(TooMany));
            assert!(ids.into_iter().all(|id| requests.end(id).is_some()));
            assert_eq!((requests.bytes, requests.waiting.capacity()), (0, 0));
        }
    }
}
