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

    /// Whether the sender may connect. Only browsers send an origin, so whoever sends none is no page: but see
    /// [`comes_from_elsewhere`] for GET.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        origins.all(|origin| origin.to_str().is_ok_and(|origin| self.0.is_match(origin.to_lowercase())))
    }
}

/// Whether a GET comes from a page although it has no origin, and not by way of an `EventSource` of our own site.
///
/// Links and images of any page send GET without an origin, but with the user's cookies. What they are stands in
/// the fetch metadata, which a page cannot forge.
pub(super) fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let is_one_of = |name, fitting: &[&str]| {
        headers.get_all(name).iter().all(|said| fitting.iter().any(|&fits| said == fits))
    };
    let is_ours =
        is_one_of("sec-fetch-site", &["same-origin", "none"]) && is_one_of("sec-fetch-mode", &["cors"]);
    !headers.contains_key(ORIGIN) && !is_ours
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

    #[test]
    fn what_a_foreign_page_fetches_without_an_origin_comes_from_elsewhere() {
        let from_elsewhere = |lines: &[(&'static str, &str)]| {
            let lines = lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            comes_from_elsewhere(&lines.collect())
        };
        let fetched = |site, mode| from_elsewhere(&[("sec-fetch-site", site), ("sec-fetch-mode", mode)]);
        assert!(fetched("cross-site", "no-cors"), "an image of a foreign page");
        assert!(fetched("cross-site", "navigate"), "a link of a foreign page");
        assert!(fetched("same-site", "cors"), "another subdomain is another origin");
        assert!(fetched("none", "navigate"), "a bookmark opens no stream");
        assert!(!fetched("same-origin", "cors"), "an EventSource of our own page");
        assert!(!from_elsewhere(&[]), "no browser");
        assert!(!from_elsewhere(&[("sec-fetch-mode", "cors")]), "the fetch of Node.js");
        assert!(
            !from_elsewhere(&[("origin", "https://a"), ("sec-fetch-site", "cross-site")]),
            "it is judged by"
        );
    }
}
