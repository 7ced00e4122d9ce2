//! Text that must not be seen: keys and passwords.

use std::fmt;

use axum::http::Uri;
use subtle::ConstantTimeEq as _;

/// A key or password. However it is printed, it is printed as `***`.
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps what was read.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `given` is the secret, in a time that does not tell how much of it is right. An empty secret
    /// matches nothing.
    pub fn matches(&self, given: &[u8]) -> bool {
        !self.is_empty() && bool::from(self.0.as_bytes().ct_eq(given))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "" } else { "***" })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A URL that may have a password, or a key in its query. However it is printed, both are printed as `***`.
#[derive(Clone, Default)]
pub struct SecretUrl(Secret);

impl SecretUrl {
    /// Wraps what was read, a URL or not.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Secret::new(text))
    }

    /// The whole text, for the one place that asks it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri = self.expose().parse::<Uri>().ok();
        let Some((scheme, host, uri)) =
            uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?, uri)))
        else {
            // Who knows which part of it is secret.
            return self.0.fmt(f);
        };
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        write!(f, "{scheme}://{}{host}", if has_user { "***@" } else { "" })?;
        if let Some(port) = uri.port_u16() {
            write!(f, ":{port}")?;
        }
        write!(f, "{}{}", uri.path(), if uri.query().is_some() { "?***" } else { "" })
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter2");
        let printed = format!("{secret} {secret:?} {}", serde_json::to_string(&secret).unwrap());
        assert_eq!(printed, r#"*** "***" "***""#);
    }

    #[test]
    fn a_url_is_printed_without_its_password_and_query() {
        let printed = |url: &str| SecretUrl::new(url).to_string();
        assert_eq!(
            printed("https://u:pw@login.example.com:8443/keys?key=1"),
            "https://***@login.example.com:8443/keys?***"
        );
        assert_eq!(printed("https://login.example.com/keys"), "https://login.example.com/keys");
        assert_eq!(printed("http://[::1]:1/keys"), "http://[::1]:1/keys");
        assert_eq!(printed("https://u:p w@login.example.com"), "***", "what is no URL is not shown at all");
        assert_eq!(printed(""), "");
        assert_eq!(format!("{:?}", SecretUrl::new("http://a@b/?c")), "\"http://***@b/?***\"");
    }

    #[test]
    fn only_the_secret_matches() {
        assert!(Secret::new("key").matches(b"key"));
        assert!(!Secret::new("key").matches(b"kez"));
        assert!(!Secret::new("key").matches(b"ke"));
        assert!(!Secret::default().matches(b""));
    }
}
