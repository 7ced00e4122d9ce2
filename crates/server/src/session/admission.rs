//! Who may subscribe to what: by a token, by the namespace, or by the backend's word.

use std::{sync::Arc, time::Duration};

use suona_protocol::{Channel, ClientInfo, DisconnectCode, ErrorCode, Payload, SubscribeRequest};

use super::{Context, Session, Trouble, permission::Known};
use crate::{
    auth::{SubscriptionClaims, SubscriptionGrant, TokenError},
    backend::SubscribeGrant,
    config::ChannelOptions,
};

/// What a subscription command is entitled to.
#[derive(Debug, Default)]
pub(super) struct Admission {
    pub(super) grant: SubscriptionGrant,
    /// Since the Unix epoch.
    pub(super) expires_at: Option<Duration>,
    /// Whether the backend decided: then only what it and the namespace say counts, and no wishes.
    pub(super) by_backend: bool,
}

impl Admission {
    pub(super) fn of_backend(granted: SubscribeGrant) -> Self {
        Self { grant: granted.grant, expires_at: granted.expires_at, by_backend: true }
    }
}

impl Session {
    /// Decides by the token, if there is one, else by the namespace.
    pub(super) fn admit_subscription(
        &self,
        request: &SubscribeRequest,
        known: &Known<'_>,
        ctx: Context<'_>,
    ) -> Result<Admission, Trouble> {
        if request.token.is_empty() {
            known.may_subscribe(&self.info.user)?;
            return Ok(Admission::default());
        }
        match ctx.rules.subscription_tokens.verify_subscription(&request.token, ctx.now.unix) {
            Ok(claims) if self.is_meant(&claims, &request.channel) => {
                Ok(Admission { grant: claims.grant, expires_at: claims.expires_at, by_backend: false })
            }
            Ok(_) => Err(DisconnectCode::InvalidToken.into()),
            Err(TokenError::Expired) => Err(ErrorCode::TokenExpired.into()),
            Err(error @ TokenError::Invalid(_)) => {
                tracing::debug!(%error, channel = %request.channel, "subscription token refused");
                Err(ErrorCode::PermissionDenied.into())
            }
        }
    }

    /// Whether a subscription token is for this client and this channel.
    pub(super) fn is_meant(&self, claims: &SubscriptionClaims, channel: &Channel) -> bool {
        claims.user == self.info.user
            && claims.channel == *channel
            && claims.client.as_ref().is_none_or(|client| *client == self.info.client)
    }

    pub(super) fn info_with(&self, chan_info: Option<Payload>) -> Arc<ClientInfo> {
        match chan_info {
            None => self.info.clone(),
            chan_info => Arc::new(ClientInfo { chan_info, ..(*self.info).clone() }),
        }
    }
}

/// How long an expired subscription lives on for the client to refresh it; the backend is asked at once.
pub(super) fn sub_grace(options: &ChannelOptions, ctx: Context<'_>) -> Duration {
    match options.sub_refresh_webhook {
        Some(_) => Duration::ZERO,
        None => ctx.rules.config.client.expired_sub_close_delay,
    }
}
