//! Who sends a connect command: by its token, by the word of a proxy, or nobody in particular.

use suona_protocol::{Channel, ConnectRequest, DisconnectCode, ErrorCode, RecoverFrom};

use super::{Context, Introduction, ServerSub, Trouble, permission::Known};
use crate::auth::{ConnectionClaims, TokenError};

/// Finds out who sends a connect command; `vouched` is whom its proxy names, if any.
pub(super) fn introduce(
    request: &ConnectRequest,
    vouched: &str,
    ctx: Context<'_>,
) -> Result<Introduction, Trouble> {
    let introduction = if !request.token.is_empty() {
        believe(&request.token, ctx)?
    } else if !vouched.is_empty() {
        Introduction::vouched(vouched)
    } else if may_be_anonymous(ctx) {
        Introduction::default()
    } else {
        return Err(DisconnectCode::BadRequest.into());
    };
    with_wishes(introduction, &request.subs, ctx)
}

/// Whether clients may connect of whom nobody knows anything.
pub(super) fn may_be_anonymous(ctx: Context<'_>) -> bool {
    let client = &ctx.rules.config.client;
    client.allow_anonymous_connect_without_token || client.insecure
}

/// Adds the server-side subscriptions that the client asks for by naming them.
pub(super) fn with_wishes(
    mut introduction: Introduction,
    wishes: &[(Channel, RecoverFrom)],
    ctx: Context<'_>,
) -> Result<Introduction, Trouble> {
    introduction.subscribe_personally(ctx);
    for (channel, since) in wishes {
        match introduction.subs.iter_mut().find(|sub| sub.channel == *channel) {
            Some(sub) => sub.since = *since,
            None => introduction.subs.extend(
                wished(channel, &introduction.user, ctx)?.map(|sub| ServerSub { since: *since, ..sub }),
            ),
        }
    }
    Ok(introduction)
}

fn believe(token: &str, ctx: Context<'_>) -> Result<Introduction, Trouble> {
    let claims = match ctx.rules.connection_tokens.verify_connection(token, ctx.now.unix) {
        Ok(claims) => claims,
        Err(TokenError::Expired) => return Err(ErrorCode::TokenExpired.into()),
        Err(error @ TokenError::Invalid(_)) => {
            tracing::debug!(%error, "connection token refused");
            return Err(DisconnectCode::InvalidToken.into());
        }
    };
    let ConnectionClaims { user, expires_at, info, subs, meta } = claims;
    let subs = subs.into_iter().map(ServerSub::of_token).collect();
    Ok(Introduction { user, proved: true, info, expires_at, data: None, meta, subs })
}

/// A server-side subscription that the client asks for by naming it: granted if it could subscribe to it
/// itself, else silently left out.
fn wished(channel: &Channel, user: &str, ctx: Context<'_>) -> Result<Option<ServerSub>, Trouble> {
    let Ok(known) = Known::find(&ctx.rules.config, channel) else {
        return Err(DisconnectCode::BadRequest.into());
    };
    // An anonymous client is no "named user", whatever the name ends with.
    let is_named = !user.is_empty() || !known.names_users();
    let permitted = is_named
        && known.subscribe_webhook().is_none()
        && known.may_subscribe(user).is_ok()
        && known.check_name(&ctx.rules.config, channel).is_ok();
    Ok(permitted.then(|| ServerSub::new(channel.clone(), true)))
}
