//! Who may do what in a channel.

use suona_protocol::{Channel, ErrorCode};

use crate::config::{ChannelOptions, Config, WebhookId};

/// A channel that this gateway knows, with the rules of its namespace.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) options: &'a ChannelOptions,
    insecure: bool,
    private: bool,
    /// The users whom the name itself admits, if it names any and the namespace heeds that.
    named_users: Option<&'a str>,
    user_separator: &'a str,
}

/// What a client wants to do besides subscribing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Publish,
    Presence,
    History,
}

impl<'a> Known<'a> {
    /// Looks up the namespace of `channel`.
    pub(super) fn find(config: &'a Config, channel: &'a Channel) -> Result<Self, ErrorCode> {
        let options = config.channels.get(channel).ok_or(ErrorCode::UnknownChannel)?;
        let names = &config.channels;
        let users = || channel.rsplit_once(names.user_boundary.as_str()).map(|(_, users)| users);
        Ok(Self {
            options,
            insecure: config.client.insecure,
            private: !names.private_prefix.is_empty() && channel.starts_with(&names.private_prefix),
            named_users: if options.allow_user_limited_channels { users() } else { None },
            user_separator: &names.user_separator,
        })
    }

    /// Whether `user` (empty: an anonymous one) may subscribe without a token.
    pub(super) fn may_subscribe(&self, user: &str) -> Result<(), ErrorCode> {
        let options = self.options;
        let permitted = if self.private {
            false
        } else if let Some(named) = self.named_users {
            self.insecure || named.split(self.user_separator).any(|name| name == user)
        } else {
            let client = options.allow_subscribe_for_client;
            self.insecure || client && (!user.is_empty() || options.allow_subscribe_for_anonymous)
        };
        if permitted { Ok(()) } else { Err(ErrorCode::PermissionDenied) }
    }

    /// Who decides instead of the namespace's permissions; nobody where the name itself does.
    pub(super) fn subscribe_webhook(&self) -> Option<WebhookId> {
        self.options.subscribe_webhook.filter(|_| !self.private && !self.names_users())
    }

    /// Whether the name itself says which users it admits.
    pub(super) fn names_users(&self) -> bool {
        self.named_users.is_some()
    }

    /// Whether `channel` is a name that a client may use: not too long, and of the namespace's pattern or
    /// ASCII.
    pub(super) fn check_name(&self, config: &Config, channel: &Channel) -> Result<(), ErrorCode> {
        let fits = match &self.options.channel_regex {
            Some(pattern) => pattern.is_match(config.channels.split(channel).1),
            None => channel.is_ascii(),
        };
        let short = channel.len() <= config.channels.max_length;
        if short && fits { Ok(()) } else { Err(ErrorCode::BadRequest) }
    }

    /// Whether the channel has what `deed` needs. Asked before who may: of what is off, nobody is forbidden.
    pub(super) fn can(&self, deed: Deed) -> Result<(), ErrorCode> {
        let possible = match deed {
            Deed::Publish => true,
            Deed::Presence => self.options.presence,
            Deed::History => self.options.retention.keeps(),
        };
        if possible { Ok(()) } else { Err(ErrorCode::NotAvailable) }
    }

    /// Whether `user` may do `deed`, being `subscribed` or not.
    pub(super) fn may(&self, deed: Deed, user: &str, subscribed: bool) -> Result<(), ErrorCode> {
        let o = self.options;
        let (client, subscriber, anonymous) = match deed {
            Deed::Publish => {
                (o.allow_publish_for_client, o.allow_publish_for_subscriber, o.allow_publish_for_anonymous)
            }
            Deed::Presence => {
                (o.allow_presence_for_client, o.allow_presence_for_subscriber, o.allow_presence_for_anonymous)
            }
            Deed::History => {
                (o.allow_history_for_client, o.allow_history_for_subscriber, o.allow_history_for_anonymous)
            }
        };
        let allowed = (client || subscriber && subscribed) && (!user.is_empty() || anonymous);
        if self.insecure || allowed { Ok(()) } else { Err(ErrorCode::PermissionDenied) }
    }
}
