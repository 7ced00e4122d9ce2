//! A secret that tokens are signed with.

use hmac::{Hmac, Mac, digest::KeyInit};
use jsonwebtoken::Algorithm;
use sha2::{Sha256, Sha384, Sha512};

/// A secret, prepared for each hash: preparing it anew would cost as much as verifying a short token.
pub(super) struct Secret {
    hs256: Hmac<Sha256>,
    hs384: Hmac<Sha384>,
    hs512: Hmac<Sha512>,
}

impl Secret {
    pub(super) fn new(secret: &str) -> Self {
        Self { hs256: prepared(secret), hs384: prepared(secret), hs512: prepared(secret) }
    }

    /// Whether it signed `message`; compared in constant time.
    pub(super) fn signed(&self, algorithm: Algorithm, message: &str, signature: &[u8]) -> bool {
        match algorithm {
            Algorithm::HS256 => fits(&self.hs256, message, signature),
            Algorithm::HS384 => fits(&self.hs384, message, signature),
            Algorithm::HS512 => fits(&self.hs512, message, signature),
            _ => false,
        }
    }
}

fn prepared<M: Mac + KeyInit>(secret: &str) -> M {
    <M as Mac>::new_from_slice(secret.as_bytes()).expect("a secret has any length")
}

fn fits<M: Mac + Clone>(prepared: &M, message: &str, signature: &[u8]) -> bool {
    prepared.clone().chain_update(message).verify_slice(signature).is_ok()
}
