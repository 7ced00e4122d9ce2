//! Text that must not be seen: keys and passwords.

use std::fmt;

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
    fn only_the_secret_matches() {
        assert!(Secret::new("key").matches(b"key"));
        assert!(!Secret::new("key").matches(b"kez"));
        assert!(!Secret::new("key").matches(b"ke"));
        assert!(!Secret::default().matches(b""));
    }
}
