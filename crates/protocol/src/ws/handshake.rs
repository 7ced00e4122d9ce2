//! The HTTP request that opens a WebSocket, judged by its header values alone.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use sha1::{Digest, Sha1};

/// Reads keys that are random characters rather than random bytes, as hand-written clients send them.
const KEYS: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// What a request says about the upgrade. A header that occurs more than once is joined by commas.
#[derive(Clone, Copy, Debug, Default)]
pub struct Upgrade<'a> {
    /// `Connection`.
    pub connection: Option<&'a str>,
    /// `Upgrade`.
    pub upgrade: Option<&'a str>,
    /// `Sec-WebSocket-Version`.
    pub version: Option<&'a str>,
    /// `Sec-WebSocket-Key`.
    pub key: Option<&'a str>,
}

/// The request opens no WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUpgrade {
    /// Plain HTTP, or a proxy that does not know WebSocket.
    #[error(
        "this address speaks WebSocket, and the request has no `Upgrade: websocket` header; \
         if the client sent it, a proxy in between removed it"
    )]
    NotUpgrade,
    /// Half of the usual proxy configuration.
    #[error(
        "the request has no `Connection: Upgrade` header; if the client sent it, a proxy in between removed it"
    )]
    NotConnection,
    /// A client from before 2011, or none.
    #[error("`Sec-WebSocket-Version` must be 13")]
    Version,
    /// Nothing to answer.
    #[error("the request has no `Sec-WebSocket-Key` header")]
    NoKey,
    /// A key made by hand, mostly.
    #[error("`Sec-WebSocket-Key` must be 16 bytes in base64, which is 24 characters")]
    Key,
}

impl Upgrade<'_> {
    /// What `Sec-WebSocket-Accept` answers, if this is a request for a WebSocket.
    pub fn accept(&self) -> Result<String, BadUpgrade> {
        if !has_token(self.upgrade, "websocket") {
            return Err(BadUpgrade::NotUpgrade);
        }
        if !has_token(self.connection, "upgrade") {
            return Err(BadUpgrade::NotConnection);
        }
        if self.version.map(str::trim) != Some("13") {
            return Err(BadUpgrade::Version);
        }
        let key = self.key.ok_or(BadUpgrade::NoKey)?.trim();
        match KEYS.decode(key) {
            Ok(nonce) if nonce.len() == 16 => Ok(accept_key(key)),
            _ => Err(BadUpgrade::Key),
        }
    }
}

/// What `Sec-WebSocket-Accept` must be for this `Sec-WebSocket-Key`.
pub fn accept_key(key: &str) -> String {
    // The GUID is RFC 6455's, section 1.3.
    let digest =
        Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    BASE64_STANDARD.encode(digest)
}

fn has_token(list: Option<&str>, token: &str) -> bool {
    list.is_some_and(|list| list.split(',').any(|one| one.trim().eq_ignore_ascii_case(token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Upgrade<'_> = Upgrade {
        connection: Some("keep-alive, Upgrade"),
        upgrade: Some("WebSocket"),
        version: Some("13"),
        key: Some("dGhlIHNhbXBsZSBub25jZQ=="),
    };

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        assert_eq!(GOOD.accept().as_deref(), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn a_key_of_random_characters_will_do() {
        assert!(Upgrade { key: Some("dGhlIHNhbXBsZSBub25jZZ=="), ..GOOD }.accept().is_ok());
    }

    #[test]
    fn whatever_is_missing_is_named() {
        let refused = |request: Upgrade<'_>| request.accept().unwrap_err();
        assert_eq!(refused(Upgrade::default()), BadUpgrade::NotUpgrade);
        assert_eq!(refused(Upgrade { upgrade: Some("h2c"), ..GOOD }), BadUpgrade::NotUpgrade);
        assert_eq!(refused(Upgrade { connection: Some("keep-alive"), ..GOOD }), BadUpgrade::NotConnection);
        assert_eq!(refused(Upgrade { version: None, ..GOOD }), BadUpgrade::Version);
        assert_eq!(refused(Upgrade { version: Some("8"), ..GOOD }), BadUpgrade::Version);
        assert_eq!(refused(Upgrade { key: None, ..GOOD }), BadUpgrade::NoKey);
        assert_eq!(refused(Upgrade { key: Some("c2hvcnQ="), ..GOOD }), BadUpgrade::Key);
        assert_eq!(refused(Upgrade { key: Some("not base64 but 24 chars!"), ..GOOD }), BadUpgrade::Key);
    }
}
