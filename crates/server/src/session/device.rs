//! By what a client is known on every connection, if it wants to be.

use std::{fmt, sync::Arc, time::Instant};

use suona_protocol::ErrorCode;

use super::{Context, Session, State, takeover::Legacy};

/// By this header of its connect command a client is known to be the same.
const HEADER: &str = "suona-session";

/// Enough for 128 random bits in base64 or hexadecimal, and for UUIDs.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 22..=64;

/// By what a client is known on every connection: its user, and a secret that it chose.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeviceKey {
    /// Nobody takes over from another user, whatever secret it guessed.
    user: Box<str>,
    secret: Box<str>,
}

/// Whoever has the secret is the client.
impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKey").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a session knows of a client that wants to be known again.
#[derive(Debug)]
pub(super) struct Device {
    secret: Box<str>,
    opened: Instant,
    /// Since it is known who the client is.
    key: Option<Arc<DeviceKey>>,
    pub(super) legacy: Vec<Legacy>,
    /// When to look next for what it did not subscribe to again.
    pub(super) grace: Option<Instant>,
}

impl Device {
    /// What a connect command says of that, on a connection opened then. A bad key is told, since it would be
    /// discovered too late.
    pub(super) fn read(
        headers: &[(String, String)],
        opened: Instant,
    ) -> Result<Option<Box<Self>>, ErrorCode> {
        let Some((_, secret)) = headers.iter().find(|(name, _)| name == HEADER) else { return Ok(None) };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !KEY_LENGTHS.contains(&secret.len()) || !secret.bytes().all(is_plain) {
            return Err(ErrorCode::BadRequest);
        }
        let secret = secret.as_str().into();
        Ok(Some(Box::new(Self { secret, opened, key: None, legacy: Vec::new(), grace: None })))
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// When this connection was opened.
    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// It is known who the client is: gives its key, the first time.
    pub(super) fn name(&mut self, user: &str) -> Option<Arc<DeviceKey>> {
        if self.key.is_some() {
            return None;
        }
        self.key = Some(Arc::new(DeviceKey { user: user.into(), secret: self.secret.clone() }));
        self.key.clone()
    }
}

impl Session {
    /// Reads by what the client wants to be known again; before anything that takes its time.
    pub(super) fn recognise(
        &mut self,
        headers: &[(String, String)],
        ctx: Context<'_>,
    ) -> Result<(), ErrorCode> {
        if let State::New { stale_at } = self.state {
            let opened = stale_at - ctx.rules.config.client.stale_close_delay;
            self.device = Device::read(headers, opened)?;
        }
        Ok(())
    }

    /// By what the client is known on its next connection, if it wants to be.
    pub fn device(&self) -> Option<&Arc<DeviceKey>> {
        self.device.as_ref()?.key.as_ref()
    }
}
