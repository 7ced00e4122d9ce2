//! Texts with places for names: `lot:{lot}`.

use std::fmt;

/// A text in which `{name}` stands for the value of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

/// The text is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTemplate {
    /// A brace without its partner.
    #[error("has a brace without its partner; names stand in braces, like \"lot:{{lot}}\"")]
    Unbalanced,
    /// Braces around something that is no name.
    #[error("has braces without a name in them; names are letters, digits and '_', like \"lot:{{lot}}\"")]
    NoName,
}

/// A template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// A name has no value.
    #[error("{0} is missing")]
    Missing(String),
    /// The value of a name has letters that it must not have, or is too long.
    #[error("{0} must be 1 to 64 letters, digits, '-', '_' or '.'")]
    BadValue(String),
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, NoTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, braced) = rest.split_at(at);
            let (name, after) =
                braced.strip_prefix('{').and_then(|b| b.split_once('}')).ok_or(NoTemplate::Unbalanced)?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(NoTemplate::NoName);
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Name(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with each name replaced by what `value` gives for it.
    ///
    /// A stranger chooses the values, so each is held to 64 harmless letters: no value reaches another
    /// namespace, or makes a user list of its own.
    pub fn fill<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, Unfilled> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) => match value(name) {
                    Some(value) if is_harmless(value) => filled.push_str(value),
                    Some(_) => return Err(Unfilled::BadValue(name.clone())),
                    None => return Err(Unfilled::Missing(name.clone())),
                },
            }
        }
        Ok(filled)
    }
}

fn is_harmless(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Name(name) => write!(f, "{{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, value: &str) -> Result<String, Unfilled> {
        Template::parse(template).unwrap().fill(|name| (name == "lot").then_some(value))
    }

    #[test]
    fn names_are_replaced_by_their_values() {
        assert_eq!(fill("lot:{lot}-{lot}!", "7").as_deref(), Ok("lot:7-7!"));
        assert_eq!(fill("orders", "7").as_deref(), Ok("orders"));
        assert_eq!(fill("{supplier}", "7"), Err(Unfilled::Missing("supplier".to_owned())));
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        for value in ["", "a:b", "a#b", "a,b", "$a", "*", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(fill("lot:{lot}", value), Err(Unfilled::BadValue("lot".to_owned())), "{value}");
        }
    }

    #[test]
    fn broken_braces_are_refused() {
        for text in ["{", "}", "a{b", "a}b{c}", "{a{b}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
        assert_eq!(Template::parse("a{}"), Err(NoTemplate::NoName));
    }
}
