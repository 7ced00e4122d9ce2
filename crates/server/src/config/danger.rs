//! What a configuration opens to the world, said before somebody finds out.

use super::{Config, client::Token};

impl Config {
    /// One sentence for each door that stands open, with the way to close it.
    pub fn dangers(&self) -> Vec<String> {
        let client = &self.client;
        let mut dangers = self.blind_trust();
        dangers.extend(token_dangers(&client.token, "client.token"));
        if client.subscription_token.enabled {
            dangers.extend(token_dangers(&client.subscription_token.token, "client.subscription_token"));
        }
        if !self.http_api.insecure && (1..16).contains(&self.http_api.key.expose().len()) {
            dangers.push(
                "http_api.key is shorter than 16 bytes and can be guessed; take a random one".to_owned(),
            );
        }
        dangers.extend(self.namespace_dangers());
        dangers.extend(self.personal_dangers());
        dangers.extend(self.webhook_dangers());
        let believing = self.plain.iter().filter(|door| door.trust_names).map(|door| {
            format!(
                "plain {}: trust_names is on: a client hears the channels of any name it claims; use tokens instead",
                door.path
            )
        });
        dangers.extend(believing);
        dangers
    }

    /// Who is believed without proof.
    fn blind_trust(&self) -> Vec<String> {
        let client = &self.client;
        let dangers = [
            (client.insecure, "client.insecure is on: everybody may read and publish everything; remove it"),
            (
                self.http_api.insecure,
                "http_api.insecure is on: everybody may use the API; set http_api.key instead",
            ),
            (
                client.allowed_origins.iter().any(|origin| origin == "*"),
                "client.allowed_origins has \"*\": every web page may connect for its visitors; name your own pages",
            ),
            (
                self.trusted_proxies.iter().any(|range| range.prefix_len() == 0),
                "trusted_proxies has every address: clients can claim any address; name your proxies",
            ),
            (
                client.insecure_skip_token_signature_verify,
                "client.insecure_skip_token_signature_verify is on: everybody may claim to be anybody; remove it",
            ),
            (
                client.user_header.is_some() && self.trusted_proxies.is_empty(),
                "client.user_id_http_header is believed from everybody: whoever gets past your proxy may claim to \
                 be anybody; name your proxies in trusted_proxies",
            ),
        ];
        dangers.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what.to_owned()).collect()
    }

    /// A client writes its emulated headers itself: nothing in between sets or checks them.
    fn webhook_dangers(&self) -> impl Iterator<Item = String> {
        self.webhooks.all.iter().flat_map(|webhook| {
            let claims = webhook.emulated_headers.iter().filter(|name| name.as_str().starts_with("x-"));
            claims.map(move |name| {
                format!(
                    "{}: emulated_headers has {name:?}, which every client may set to anything; take its word for \
                     nothing",
                    webhook.at
                )
            })
        })
    }

    fn namespace_dangers(&self) -> Vec<String> {
        let anonymous = self.client.allow_anonymous_connect_without_token || self.client.insecure;
        let mut dangers: Vec<String> = self
            .channels
            .iter()
            .filter(|(_, options)| {
                options.allow_publish_for_anonymous
                    && (options.allow_publish_for_client || options.allow_publish_for_subscriber)
            })
            .map(|(name, _)| {
                let place = place(name);
                let who = if anonymous { "strangers" } else { "clients without a user" };
                format!("{place}: {who} may publish; remove allow_publish_for_anonymous")
            })
            .collect();
        dangers.sort();
        dangers
    }

    /// How users get at each other's own channels.
    fn personal_dangers(&self) -> Vec<String> {
        let personal = &self.client.subscribe_to_user_personal_channel;
        let namespace = personal.personal_channel_namespace.as_str();
        let Some((_, options)) =
            self.channels.iter().find(|(name, _)| personal.enabled && *name == namespace)
        else {
            return Vec::new();
        };
        let place = place(namespace);
        let own = personal.of("42", &self.channels);
        let mut dangers = Vec::new();
        // With a webhook the backend decides, and without the permission nobody subscribes by himself.
        let is_guarded = options.allow_user_limited_channels || options.subscribe_webhook.is_some();
        if options.allow_subscribe_for_client && !is_guarded {
            dangers.push(format!(
                "{place}: every user may subscribe to another's personal channel, such as {own}; \
                 set allow_user_limited_channels"
            ));
        }
        // Whom the name admits counts for subscribing alone.
        for (is_open, what, key) in [
            (options.allow_history_for_client && options.retention.keeps(), "read the history of", "history"),
            (options.allow_presence_for_client && options.presence, "see who is in", "presence"),
        ] {
            if is_open {
                dangers.push(format!(
                    "{place}: every user may {what} another's personal channel, such as {own}; \
                     set allow_{key}_for_subscriber instead of allow_{key}_for_client"
                ));
            }
        }
        dangers
    }

    /// What this configuration keeps shut, for those who wonder why nothing works.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let client = &self.client;
        let asked = self.webhooks.connect.is_some() || client.user_header.is_some();
        let open = client.insecure || client.allow_anonymous_connect_without_token || asked;
        if !open && !client.token.has_key() && !client.insecure_skip_token_signature_verify {
            remarks.push(
                "No managed client can connect: set client.token.hmac_secret_key, or start with --dev."
                    .to_owned(),
            );
        }
        if !self.http_api.disabled && self.http_api.key.is_empty() && !self.http_api.insecure {
            remarks.push("No backend can publish: set http_api.key, or start with --dev.".to_owned());
        }
        if client.allowed_origins.is_empty() {
            remarks.push("No web page can connect: list your pages in client.allowed_origins.".to_owned());
        }
        remarks
    }
}

fn place(namespace: &str) -> String {
    match namespace {
        "" => "channel without_namespace".to_owned(),
        name => format!("channel namespace {name}"),
    }
}

fn token_dangers(token: &Token, at: &str) -> Vec<String> {
    let mut dangers = Vec::new();
    if token.fetches_in_the_open() {
        dangers.push(format!(
            "{at}.jwks_public_endpoint is asked in plain text: whoever is on the way can forge tokens; use https"
        ));
    }
    for (key, secret) in [
        ("hmac_secret_key", &token.hmac_secret_key),
        ("hmac_previous_secret_key", &token.hmac_previous_secret_key),
    ] {
        // A key shorter than the hash of HS256 can be found by trying (RFC 7518, 3.2).
        if (1..32).contains(&secret.expose().len()) {
            dangers
                .push(format!("{at}.{key} is shorter than 32 bytes and can be guessed; take a random one"));
        }
    }
    if !token.hmac_previous_secret_key.is_empty() && token.hmac_previous_secret_key_valid_until == 0 {
        dangers.push(format!(
            "{at}.hmac_previous_secret_key is good for ever; set hmac_previous_secret_key_valid_until"
        ));
    }
    dangers
}
