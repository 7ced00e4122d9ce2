//! Which web pages may connect.

use axum::http::{HeaderMap, header::ORIGIN};
use globset::{Glob, GlobSet};

/// The allowed origins, as globs on the lower-cased `Origin` header.
#[derive(Clone, Debug)]
pub(super) struct AllowedOrigins(GlobSet);

impl AllowedOrigins {
    /// Takes patterns such as `https://*.example.com`; `*` allows every page.
    pub(super) fn new(patterns: &[String]) -> Result<Self, globset::Error> {
        let globs: Result<Vec<_>, _> =
            patterns.iter().map(|pattern| Glob::new(&pattern.to_lowercase())).collect();
        Ok(Self(GlobSet::new(&globs?)?))
    }

    /// Whether the sender may connect. Only browsers send an origin, so whoever sends none is no page.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        origins.all(|origin| origin.to_str().is_ok_and(|origin| self.0.is_match(origin.to_lowercase())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(patterns: &[&str], origin: Option<&str>) -> bool {
        let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let headers = origin.map(|origin| (ORIGIN, origin.parse().unwrap())).into_iter().collect();
        AllowedOrigins::new(&patterns).unwrap().allow(&headers)
    }

    #[test]
    fn without_an_origin_everyone_may_connect() {
        assert!(allow(&[], None));
        assert!(allow(&["https://example.com"], None));
    }

    #[test]
    fn no_page_may_connect_unless_it_is_listed() {
        assert!(!allow(&[], Some("https://example.com")));
        assert!(!allow(&["https://example.com"], Some("https://example.com.evil.net")));
        assert!(!allow(&["https://*.example.com"], Some("https://example.com")));
        assert!(allow(&["https://example.com"], Some("https://example.com")));
        assert!(allow(&["https://other.net", "https://*.example.com"], Some("https://a.b.example.com")));
    }

    #[test]
    fn case_does_not_matter() {
        assert!(allow(&["https://Example.com"], Some("HTTPS://example.COM")));
    }

    #[test]
    fn a_star_allows_every_page() {
        for origin in ["https://example.com", "http://localhost:5173", "null", "file://"] {
            assert!(allow(&["*"], Some(origin)), "{origin}");
        }
    }
}
