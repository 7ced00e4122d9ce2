//! What is wrong with a configuration, said so that it can be mended.

use std::fmt;

use super::{
    known::{self, Fate},
    node::{Node, Origin},
    schema::{Key, Section, Shape},
    settings::Settings,
};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The gateway must not start.
    Wrong,
    /// The gateway must not start, unless it was told to be lenient: a key that it does not serve.
    Unserved,
    /// The gateway starts, and something that was written has no effect.
    Notice,
}

/// One thing that is wrong, where it was written, and what to do.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where it was written.
    pub origin: Origin,
    /// The key, dotted; empty if it is about the whole place.
    pub key: String,
    /// What is wrong, and the fix.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
}

impl Problem {
    pub(super) fn wrong(origin: Origin, key: &str, message: &str) -> Self {
        Self { origin, key: key.to_owned(), message: message.to_owned(), severity: Severity::Wrong }
    }

    pub(super) fn notice(origin: Origin, key: &str, message: &str) -> Self {
        Self { severity: Severity::Notice, ..Self::wrong(origin, key, message) }
    }

    /// For a key that none of ours is; `None` if it asks for nothing that we lack.
    pub(super) fn unknown(node: &Node, key: &str, siblings: &[Key]) -> Option<Self> {
        let problem = match known::fate(key) {
            Some(_) if node.is_off() => return None,
            Some(Fate::NotYet) => {
                Self { severity: Severity::Unserved, ..Self::wrong(node.origin.clone(), key, NOT_YET) }
            }
            Some(Fate::Ignored(reason)) => {
                Self::notice(node.origin.clone(), key, &format!("has no effect here: {reason}"))
            }
            None => {
                let message = match nearest(key, siblings) {
                    Some(other) => format!("unknown key; did you mean {other:?}?"),
                    None => "unknown key; remove it".to_owned(),
                };
                Self { severity: Severity::Unserved, ..Self::wrong(node.origin.clone(), key, &message) }
            }
        };
        Some(problem)
    }
}

const NOT_YET: &str = "known, but not supported yet; remove it, or start with --lenient to go on without";

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.origin, self.message),
            key => write!(f, "{}: {key}: {}", self.origin, self.message),
        }
    }
}

/// The known key that was most likely meant by `key`: a sibling spelt much alike, or a key elsewhere of which it
/// is the end (`api_key` for `http_api.key`).
pub(super) fn nearest(key: &str, siblings: &[Key]) -> Option<String> {
    let (section, name) = key.rsplit_once('.').map_or(("", key), |(section, name)| (section, name));
    if let Some(other) = alike(name, siblings.iter().map(|key| key.name)) {
        return Some(if section.is_empty() { other.to_owned() } else { format!("{section}.{other}") });
    }
    let paths = paths(&Settings::keys(), "");
    let flat = name.to_lowercase();
    let is_end = |path: &&String| format!("_{}", path.replace('.', "_")).ends_with(&format!("_{flat}"));
    let end = paths.iter().filter(is_end).min_by_key(|path| path.matches('.').count());
    end.cloned().or_else(|| alike(key, paths.iter().map(String::as_str)).map(str::to_owned))
}

/// The candidate with the fewest letters to change, if they are few enough to be a slip.
pub(super) fn alike<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    // A third of the letters: `histroy_size` is a slip, `key` for `name` is another word.
    let limit = (word.chars().count() / 3).max(1);
    let near = candidates
        .filter(|candidate| !candidate.is_empty())
        .map(|candidate| (strsim::osa_distance(&word, candidate), candidate));
    near.filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

/// The dotted paths of all keys, lists not entered.
fn paths(keys: &[Key], section: &str) -> Vec<String> {
    let mut all = Vec::new();
    for key in keys {
        let path = if section.is_empty() { key.name.to_owned() } else { format!("{section}.{}", key.name) };
        if let Shape::Section(keys) = key.shape {
            all.extend(paths(&keys(), &path));
        }
        all.push(path);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_sibling() {
        let siblings = Settings::keys();
        assert_eq!(nearest("htp_server", &siblings).as_deref(), Some("http_server"));
        assert_eq!(nearest("clinet", &siblings).as_deref(), Some("client"));
        assert_eq!(nearest("entirely_else", &siblings), None);
    }

    #[test]
    fn a_key_of_older_files_finds_its_new_place() {
        let siblings = Settings::keys();
        let place = |key| nearest(key, &siblings).unwrap_or_default();
        assert_eq!(place("port"), "http_server.port");
        assert_eq!(place("api_key"), "http_api.key");
        assert_eq!(place("token_hmac_secret_key"), "client.token.hmac_secret_key");
        assert_eq!(place("allowed_origins"), "client.allowed_origins");
        assert_eq!(place("namespaces"), "channel.namespaces");
        assert_eq!(place("history_size"), "channel.without_namespace.history_size");
    }
}
