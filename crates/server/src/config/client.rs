//! The section `client`: who may connect, and within which limits.

use std::time::Duration;

use axum::http::HeaderName;
use regex::Regex;

use super::{
    check::Check,
    identity::PersonalChannel,
    proxy::ClientProxies,
    rate_limit::RateLimit,
    schema::section,
    secret::{Secret, SecretUrl},
};
use crate::{
    auth::{KeyError, Pattern, TokenOptions, Verifier},
    limits::Limit,
};

section! {
    /// Who may connect, and within which limits.
    pub struct ClientOptions {
        /// Origins of web pages that may connect, with `*` for any part; requests without an origin always may.
        allowed_origins: Vec<String> = Vec::new(),
        /// How connection tokens are verified; subscription tokens too, unless they have keys of their own.
        token: Token = Token::default(),
        /// Keys of their own for subscription tokens.
        subscription_token: SubscriptionToken = SubscriptionToken::default(),
        /// Whether clients without a token may connect, as the anonymous user.
        allow_anonymous_connect_without_token: bool = false,
        /// Whether tokens without a user are refused.
        disallow_anonymous_connection_tokens: bool = false,
        /// The header of the HTTP request that names the user of a client without a token, set by a proxy that
        /// lets no client set it; nobody is believed if empty. With `trusted_proxies`, only those are.
        user_id_http_header: String = String::new(),
        /// Whether users hear a channel of their own from the start.
        subscribe_to_user_personal_channel: PersonalChannel = PersonalChannel::default(),
        /// How often the server pings each client; 0 for never.
        ping_interval: Duration = Duration::from_secs(25),
        /// How long a client may take to answer a ping; 0 for as long as it likes.
        pong_timeout: Duration = Duration::from_secs(8),
        /// How long a connection outlives its token, for the refresh to arrive.
        expired_close_delay: Duration = Duration::from_secs(25),
        /// How long a subscription outlives its token, for the refresh to arrive.
        expired_sub_close_delay: Duration = Duration::from_secs(25),
        /// How long a client may take to send its connect command.
        stale_close_delay: Duration = Duration::from_secs(10),
        /// How many channels one connection may hear.
        channel_limit: usize = 128,
        /// How many bytes may wait for one client before it is closed as slow.
        queue_max_size: usize = 1_048_576,
        /// How many clients may be connected to this process; 0 for any number.
        connection_limit: usize = 0,
        /// How often one user may be connected to this process; 0 for any number.
        user_connection_limit: usize = 0,
        /// How many connections are accepted each second; 0 for any number.
        connection_rate_limit: usize = 0,
        /// How often clients may do something.
        rate_limit: RateLimit = RateLimit::default(),
        /// Whether the connect reply tells the time.
        connect_include_server_time: bool = false,
        /// How many publications a client may ask for at once.
        history_max_publication_limit: usize = 300,
        /// How many publications are recovered at most; a client that missed more is told so.
        recovery_max_publication_limit: usize = 300,
        /// How often it is checked that positioned subscribers miss nothing, at least "1s"; 0 for never.
        channel_position_check_delay: Duration = Duration::from_secs(40),
        /// What the backend is asked about connections.
        proxy: ClientProxies = ClientProxies::default(),
        /// Whether tokens are believed whoever signed them; for trying things out only.
        insecure_skip_token_signature_verify: bool = false,
        /// Whether everybody may do everything; for trying things out only.
        insecure: bool = false,
    }
    derived {
        /// The header that names users.
        user_header: Option<HeaderName> = None,
        /// How many commands a connection may send.
        command_limit: Limit = Limit::default(),
    }
}

section! {
    /// How tokens are verified. A token needs the key of its algorithm; without keys no token is good.
    pub struct Token {
        /// The key of HS256, HS384 and HS512; at least 32 bytes, random.
        hmac_secret_key: Secret = Secret::default(),
        /// The key before this one, still good while tokens change over.
        hmac_previous_secret_key: Secret = Secret::default(),
        /// Until when it is good, in seconds of Unix time; 0 for ever.
        hmac_previous_secret_key_valid_until: u64 = 0,
        /// The public key of RS256, RS384 and RS512, as PEM text.
        rsa_public_key: String = String::new(),
        /// The public key of ES256 or ES384, as PEM text.
        ecdsa_public_key: String = String::new(),
        /// The URL at which public keys are published as a JSON Web Key Set (RSA, P-256, P-384, Ed25519), which
        /// tokens name by `kid`; the keys above are not used then. Nowhere if empty.
        jwks_public_endpoint: SecretUrl = SecretUrl::default(),
        /// The audience that tokens must name; any if empty.
        audience: String = String::new(),
        /// What the audience must match; anything if empty.
        audience_regex: Option<Regex> = None,
        /// The issuer that tokens must name; any if empty.
        issuer: String = String::new(),
        /// What the issuer must match; anything if empty.
        issuer_regex: Option<Regex> = None,
        /// The claim that names the user, dotted if it lies deeper; `sub` if empty.
        user_id_claim: String = String::new(),
    }
}

section! {
    /// Keys of their own for subscription tokens.
    pub struct SubscriptionToken {
        /// Whether subscription tokens have keys of their own.
        enabled: bool = false,
    }
    flatten {
        /// How they are verified.
        token: Token,
    }
}

impl Token {
    /// Whether any token can be verified.
    pub fn has_key(&self) -> bool {
        !self.hmac_secret_key.is_empty()
            || !self.rsa_public_key.is_empty()
            || !self.ecdsa_public_key.is_empty()
            || !self.jwks_public_endpoint.is_empty()
    }

    /// What a verifier of these tokens is made from, signatures being looked at.
    pub fn options(&self) -> TokenOptions {
        let pattern = |exact: &str, regex: &Option<Regex>| match (exact, regex) {
            ("", None) => None,
            ("", Some(regex)) => Some(Pattern::Regex(regex.clone())),
            (exact, _) => Some(Pattern::Exact(exact.to_owned())),
        };
        let valid_until = self.hmac_previous_secret_key_valid_until;
        TokenOptions {
            hmac_secret: self.hmac_secret_key.expose().to_owned(),
            hmac_previous_secret: self.hmac_previous_secret_key.expose().to_owned(),
            hmac_previous_valid_until: (valid_until > 0).then_some(Duration::from_secs(valid_until)),
            rsa_public_key: self.rsa_public_key.clone(),
            ecdsa_public_key: self.ecdsa_public_key.clone(),
            jwks_endpoint: self.jwks_public_endpoint.clone(),
            skip_signature: false,
            audience: pattern(&self.audience, &self.audience_regex),
            issuer: pattern(&self.issuer, &self.issuer_regex),
            user_id_claim: self.user_id_claim.clone(),
        }
    }

    fn check(&self, check: &mut Check<'_>, at: &str) {
        if let Err(error) = Verifier::new(&self.options()) {
            let key = match error {
                KeyError::NotRsa | KeyError::WeakRsa(_) => "rsa_public_key",
                KeyError::NotEcdsa => "ecdsa_public_key",
            };
            let reason = error.to_string();
            check.wrong(at, &[key], reason.strip_prefix(key).unwrap_or(&reason).trim_start());
        }
        self.check_endpoint(check, at);
        if !self.audience.is_empty() && self.audience_regex.is_some() {
            check.wrong(at, &["audience_regex", "audience"], "stands beside audience; remove one of them");
        }
        if !self.issuer.is_empty() && self.issuer_regex.is_some() {
            check.wrong(at, &["issuer_regex", "issuer"], "stands beside issuer; remove one of them");
        }
        if self.hmac_secret_key.is_empty() && !self.hmac_previous_secret_key.is_empty() {
            let message = "needs a new key in hmac_secret_key; a key in use belongs there";
            check.wrong(at, &["hmac_previous_secret_key", "hmac_secret_key"], message);
        }
    }
}

impl ClientOptions {
    /// What the verifier of connection tokens is made from.
    pub fn connection_token_options(&self) -> TokenOptions {
        TokenOptions { skip_signature: self.insecure_skip_token_signature_verify, ..self.token.options() }
    }

    /// What the verifier of subscription tokens is made from.
    pub fn subscription_token_options(&self) -> TokenOptions {
        let skip_signature = self.insecure_skip_token_signature_verify;
        TokenOptions { skip_signature, ..self.subscription_tokens().options() }
    }

    /// How subscription tokens are verified: by their own keys, or like connection tokens.
    pub fn subscription_tokens(&self) -> &Token {
        if self.subscription_token.enabled { &self.subscription_token.token } else { &self.token }
    }

    pub(super) fn check(&mut self, check: &mut Check<'_>) {
        let at = "client";
        self.user_header = self.read_user_header(check);
        self.rate_limit.check(check);
        self.command_limit = self.rate_limit.client_command.limit();
        self.token.check(check, "client.token");
        self.subscription_token.token.check(check, "client.subscription_token");
        if !self.ping_interval.is_zero() && self.pong_timeout >= self.ping_interval {
            let message =
                "must be shorter than ping_interval, or an answer is still due when the next ping goes out";
            check.wrong(at, &["pong_timeout", "ping_interval"], message);
        }
        if self.subscription_token.enabled && !self.subscription_token.token.has_key() {
            let message = "needs a key beside it, such as hmac_secret_key";
            check.wrong("client.subscription_token", &["enabled", "hmac_secret_key"], message);
        }
        let check_delay = self.channel_position_check_delay;
        if !check_delay.is_zero() && check_delay < Duration::from_secs(1) {
            let message = "must be at least \"1s\", or 0 for never; the default is \"40s\"";
            check.wrong(at, &["channel_position_check_delay"], message);
        }
        if self.queue_max_size < 4096 {
            check.wrong(
                at,
                &["queue_max_size"],
                "must be at least 4096 bytes, or no reply fits; the default is 1048576",
            );
        }
    }
}
