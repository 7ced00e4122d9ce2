//! Who users are besides what their tokens say: published keys, a proxy's word, and channels of their own.

use axum::http::{HeaderName, Uri};

use super::{
    channel::Namespaces,
    check::Check,
    client::{ClientOptions, Token},
    schema::section,
};

section! {
    /// Whether users hear a channel of their own from the start.
    pub struct PersonalChannel {
        /// Whether they do; it is called `#` and the user, `#42`.
        enabled: bool = false,
        /// The namespace of these channels, `personal` for `personal:#42`; none if empty.
        personal_channel_namespace: String = String::new(),
        /// Whether a user's new connection ends those that it has already, with 3504.
        single_connection: bool = false,
    }
}

impl PersonalChannel {
    /// The name of a user's own channel.
    pub fn of(&self, user: &str, names: &Namespaces) -> String {
        let users = &names.user_boundary;
        match self.personal_channel_namespace.as_str() {
            "" => format!("{users}{user}"),
            namespace => format!("{namespace}{}{users}{user}", names.namespace_boundary),
        }
    }

    /// Whether a user may be connected once only.
    pub fn is_single(&self) -> bool {
        self.enabled && self.single_connection
    }

    pub(super) fn check(&self, names: &Namespaces, check: &mut Check<'_>) {
        let namespace = self.personal_channel_namespace.as_str();
        if self.enabled && names.iter().all(|(name, _)| name != namespace) {
            let message = format!("{namespace:?} is the name of no namespace; add it to channel.namespaces");
            check.wrong(
                "client.subscribe_to_user_personal_channel",
                &["personal_channel_namespace"],
                &message,
            );
        }
    }
}

impl Token {
    pub(super) fn check_endpoint(&self, check: &mut Check<'_>, at: &str) {
        let key = "jwks_public_endpoint";
        let endpoint = self.jwks_public_endpoint.expose();
        if endpoint.is_empty() {
            return;
        }
        if endpoint.contains("{{") {
            let message = "has places for claims of the token, which are not supported; write one URL";
            return check.wrong(at, &[key], message);
        }
        let uri = endpoint.parse::<Uri>().ok().filter(|uri| uri.authority().is_some());
        if !matches!(uri.as_ref().and_then(Uri::scheme_str), Some("http" | "https")) {
            let message = "is no URL; write one like \"https://login.example.com/.well-known/jwks.json\"";
            return check.wrong(at, &[key], message);
        }
        let unused = [
            ("hmac_secret_key", self.hmac_secret_key.is_empty()),
            ("rsa_public_key", self.rsa_public_key.is_empty()),
            ("ecdsa_public_key", self.ecdsa_public_key.is_empty()),
        ];
        for (key, _) in unused.iter().filter(|(_, is_empty)| !is_empty) {
            check.notice(at, key, "has no effect beside jwks_public_endpoint; remove one of them");
        }
    }

    /// Whether keys come over the network in plain text, from another machine.
    pub(super) fn fetches_in_the_open(&self) -> bool {
        let Ok(uri) = self.jwks_public_endpoint.expose().parse::<Uri>() else { return false };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_local = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        uri.scheme_str() == Some("http") && !is_local
    }
}

impl ClientOptions {
    pub(super) fn read_user_header(&self, check: &mut Check<'_>) -> Option<HeaderName> {
        let name = self.user_id_http_header.as_str();
        let header = name.parse().ok();
        if header.is_none() && !name.is_empty() {
            check.wrong("client", &["user_id_http_header"], &format!("{name:?} is no name of a header"));
        }
        header
    }
}
