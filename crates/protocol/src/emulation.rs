//! What the client of an HTTP stream sends: each of its frames in a request of its own.

use bytes::Bytes;
use prost::Message;
use serde::Deserialize;

use crate::{DecodeError, Token};

/// A frame, and the session that it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct EmulationRequest {
    /// The gateway that has the session, from the connect reply.
    pub node: String,
    /// The session, from the connect reply: whoever knows it may speak for it.
    pub session: Token,
    /// What would be one message on a WebSocket.
    pub frame: Bytes,
}

impl EmulationRequest {
    /// Reads a JSON object, in which the frame is a string.
    pub fn from_json(body: &[u8]) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Json {
            node: String,
            session: String,
            data: String,
        }
        let Json { node, session, data } = serde_json::from_slice(body).map_err(malformed)?;
        Ok(Self { node, session: session.into(), frame: data.into() })
    }

    /// Reads a Protobuf message.
    pub fn from_protobuf(body: &[u8]) -> Result<Self, DecodeError> {
        #[derive(Clone, PartialEq, Message)]
        struct Protobuf {
            #[prost(string, tag = "1")]
            node: String,
            #[prost(string, tag = "2")]
            session: String,
            #[prost(bytes = "bytes", tag = "3")]
            data: Bytes,
        }
        let Protobuf { node, session, data } = Protobuf::decode(body).map_err(malformed)?;
        Ok(Self { node, session: session.into(), frame: data })
    }
}

/// Quotes nothing of what came: there is a session in it.
fn malformed<E>(_: E) -> DecodeError {
    DecodeError("no node, session and data".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> EmulationRequest {
        EmulationRequest { node: "n".into(), session: "s".into(), frame: "{\"id\":1}\n{}".into() }
    }

    #[test]
    fn a_json_request_carries_its_frame_as_a_string() {
        let body = br#"{"session":"s","node":"n","data":"{\"id\":1}\n{}","more":[]}"#;
        assert_eq!(EmulationRequest::from_json(body), Ok(expected()));
    }

    #[test]
    fn a_protobuf_request_carries_its_frame_as_bytes() {
        let body = b"\x0a\x01n\x12\x01s\x1a\x0b{\"id\":1}\n{}";
        assert_eq!(EmulationRequest::from_protobuf(body), Ok(expected()));
    }

    #[test]
    fn what_is_no_request_is_refused_without_being_quoted() {
        for body in [&b""[..], b"{}", br#"{"session":"secret","node":"n","data":{}}"#] {
            let error = EmulationRequest::from_json(body).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(EmulationRequest::from_protobuf(b"\x12\xffsecret").is_err());
        assert!(!format!("{:?}", expected()).contains("\"s\""), "a session is never shown");
    }
}
