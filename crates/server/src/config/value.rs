//! The kinds of single values: how each is read, and what is said if it cannot be.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use regex::Regex;

use super::{
    duration::{parse_duration, show_duration},
    node::{Node, Origin, Value},
    problem::{self, Problem},
    secret::{Secret, SecretUrl},
};

/// A single value, or a list of single values.
pub(super) trait Leaf: Sized {
    /// Understands what was written, or says what is expected.
    fn parse(node: &Node) -> Result<Self, String>;

    /// The value as it is printed; `None` if there is none.
    fn print(&self) -> Option<toml::Value>;
}

/// Makes leaves settings. One by one: a blanket rule would stand in the way of sections.
macro_rules! leaves {
    ($($Type:ty),* $(,)?) => { $(
        impl $crate::config::schema::Setting for $Type {
            const SHAPE: $crate::config::schema::Shape = $crate::config::schema::Shape::Value;

            fn read(
                &mut self,
                node: &$crate::config::node::Node,
                at: &str,
                problems: &mut Vec<$crate::config::problem::Problem>,
            ) {
                $crate::config::value::read_leaf(self, node, at, problems);
            }

            fn show(&self) -> $crate::config::schema::Shown {
                $crate::config::value::Leaf::print(self)
                    .map_or($crate::config::schema::Shown::Absent, $crate::config::schema::Shown::Value)
            }
        }
    )* };
}

leaves!(
    bool,
    u16,
    u64,
    usize,
    String,
    Secret,
    SecretUrl,
    PathBuf,
    Duration,
    Option<u16>,
    Option<String>,
    Option<Regex>
);
leaves!(Vec<String>, Vec<IpNet>);

pub(super) use leaves;

pub(super) fn read_leaf<T: Leaf>(value: &mut T, node: &Node, at: &str, problems: &mut Vec<Problem>) {
    // `null` is how JSON and YAML say that a key is not there.
    if matches!(node.value, Value::Null) {
        return;
    }
    match T::parse(node) {
        Ok(read) => *value = read,
        Err(message) => problems.push(Problem::wrong(node.origin.clone(), at, &message)),
    }
}

impl Leaf for bool {
    fn parse(node: &Node) -> Result<Self, String> {
        match &node.value {
            Value::Bool(value) => Ok(*value),
            Value::Text(text) if matches!(text.as_str(), "true" | "1") => Ok(true),
            Value::Text(text) if matches!(text.as_str(), "false" | "0") => Ok(false),
            other => Err(format!("expects true or false, not {other}")),
        }
    }

    fn print(&self) -> Option<toml::Value> {
        Some((*self).into())
    }
}

/// A whole number from 0 to `max`; text that is one will do, since environment variables are text.
fn whole_number(node: &Node, max: u64) -> Result<u64, String> {
    let number = match &node.value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    number
        .filter(|number| *number <= max)
        .ok_or_else(|| format!("expects a whole number from 0 to {max}, not {}", node.value))
}

impl Leaf for u16 {
    fn parse(node: &Node) -> Result<Self, String> {
        whole_number(node, u64::from(u16::MAX)).map(|number| number as u16)
    }

    fn print(&self) -> Option<toml::Value> {
        Some(i64::from(*self).into())
    }
}

impl Leaf for u64 {
    fn parse(node: &Node) -> Result<Self, String> {
        whole_number(node, i64::MAX as u64)
    }

    fn print(&self) -> Option<toml::Value> {
        Some(i64::try_from(*self).unwrap_or(i64::MAX).into())
    }
}

impl Leaf for usize {
    fn parse(node: &Node) -> Result<Self, String> {
        // No count or size here comes near it, and sums of a few do not overflow.
        whole_number(node, u64::from(u32::MAX)).map(|number| number as usize)
    }

    fn print(&self) -> Option<toml::Value> {
        Some(i64::try_from(*self).unwrap_or(i64::MAX).into())
    }
}

impl Leaf for Option<u16> {
    fn parse(node: &Node) -> Result<Self, String> {
        match &node.value {
            Value::Text(text) if text.is_empty() => Ok(None),
            _ => u16::parse(node).map(Some),
        }
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.map_or_else(|| "".into(), |number| i64::from(number).into()))
    }
}

impl Leaf for String {
    fn parse(node: &Node) -> Result<Self, String> {
        match &node.value {
            Value::Text(text) => Ok(text.clone()),
            other => Err(format!("expects text in quotes, not {other}")),
        }
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.as_str().into())
    }
}

impl Leaf for Option<String> {
    fn parse(node: &Node) -> Result<Self, String> {
        String::parse(node).map(Some)
    }

    fn print(&self) -> Option<toml::Value> {
        self.as_deref().map(toml::Value::from)
    }
}

impl Leaf for Secret {
    fn parse(node: &Node) -> Result<Self, String> {
        match &node.value {
            Value::Text(text) => Ok(Self::new(text.as_str())),
            // What was written instead may be the secret itself, so it is not repeated.
            _ => Err("expects text in quotes".to_owned()),
        }
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.to_string().into())
    }
}

impl Leaf for SecretUrl {
    fn parse(node: &Node) -> Result<Self, String> {
        Secret::parse(node).map(|text| Self::new(text.expose()))
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.to_string().into())
    }
}

impl Leaf for PathBuf {
    fn parse(node: &Node) -> Result<Self, String> {
        match String::parse(node)? {
            // A key itself: it must not get as far as being printed.
            text if text.contains("-----BEGIN") => {
                Err("expects the path of a PEM file; put the text into one".into())
            }
            text => Ok(text.into()),
        }
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.display().to_string().into())
    }
}

impl Leaf for Duration {
    fn parse(node: &Node) -> Result<Self, String> {
        let read = match (&node.value, &node.origin) {
            (Value::Text(text), _) => parse_duration(text),
            // JSON in a variable counts nanoseconds, as Go programs do. In a file that would be a trap.
            (Value::Integer(nanos), Origin::Environment(_)) => {
                Some(Duration::from_nanos(u64::try_from(*nanos).unwrap_or(0)))
            }
            (Value::Integer(0 | -1), _) => Some(Duration::ZERO),
            _ => None,
        };
        read.ok_or_else(|| {
            format!(
                "{} is no duration; write a number with its unit, like \"25s\", \"1m30s\" or \"200ms\"",
                node.value
            )
        })
    }

    fn print(&self) -> Option<toml::Value> {
        Some(show_duration(*self).into())
    }
}

impl Leaf for Option<Regex> {
    fn parse(node: &Node) -> Result<Self, String> {
        let pattern = String::parse(node)?;
        if pattern.is_empty() {
            return Ok(None);
        }
        Regex::new(&pattern).map(Some).map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("{pattern:?} is no regular expression: {reason}")
        })
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.as_ref().map_or("", Regex::as_str).into())
    }
}

impl Leaf for Vec<String> {
    fn parse(node: &Node) -> Result<Self, String> {
        match &node.value {
            // One text with several values is how environment variables write a list.
            Value::Text(text) => Ok(text
                .split(|c: char| c.is_whitespace() || c == ',')
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()),
            Value::List(items) => items.iter().map(String::parse).collect(),
            other => Err(format!("expects a list of texts, not {other}")),
        }
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.clone().into())
    }
}

impl Leaf for Vec<IpNet> {
    fn parse(node: &Node) -> Result<Self, String> {
        let read = |text: &String| {
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| {
                format!("{text:?} is no address; write one like \"10.0.0.1\", or a range like \"10.0.0.0/8\"")
            })
        };
        Vec::<String>::parse(node)?.iter().map(read).collect()
    }

    fn print(&self) -> Option<toml::Value> {
        Some(self.iter().map(IpNet::to_string).collect::<Vec<_>>().into())
    }
}

/// Declares a choice between words. The first is the default.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident { $( $(#[$option_meta:meta])* $Option:ident = $word:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Name { $( $(#[$option_meta])* $Option, )+ }

        impl $Name {
            const ALL: &[(&str, Self)] = &[$( ($word, Self::$Option) ),+];

            /// The word for it in configuration files.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$Option => $word, )+ }
            }
        }

        impl $crate::config::value::Leaf for $Name {
            fn parse(node: &$crate::config::node::Node) -> Result<Self, String> {
                $crate::config::value::choose(node, Self::ALL)
            }

            fn print(&self) -> Option<toml::Value> {
                Some(self.as_str().into())
            }
        }

        impl $crate::config::value::Leaf for Vec<$Name> {
            fn parse(node: &$crate::config::node::Node) -> Result<Self, String> {
                $crate::config::value::choose_some(node, $Name::ALL)
            }

            fn print(&self) -> Option<toml::Value> {
                Some(self.iter().map(|one| one.as_str()).collect::<Vec<_>>().into())
            }
        }

        $crate::config::value::leaves!($Name, Vec<$Name>);
    };
}

pub(super) use choice;

pub(super) fn choose_some<T: Copy>(node: &Node, all: &[(&str, T)]) -> Result<Vec<T>, String> {
    let choose_one = |text: String| choose(&Node { value: Value::Text(text), ..node.clone() }, all);
    Vec::<String>::parse(node)?.into_iter().map(choose_one).collect()
}

pub(super) fn choose<T: Copy>(node: &Node, all: &[(&str, T)]) -> Result<T, String> {
    let words = all.iter().map(|(word, _)| *word);
    if let Value::Text(text) = &node.value {
        if let Some((_, chosen)) = all.iter().find(|(word, _)| word == text) {
            return Ok(*chosen);
        }
        if let Some(near) = problem::alike(text, words.clone()) {
            return Err(format!("{text:?} is no choice; did you mean {near:?}?"));
        }
    }
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    Err(format!("expects one of {}, not {}", words.join(", "), node.value))
}
