//! The configuration as it was written: a tree of values that know where they come from.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In a file, on a line if its format tells.
    File(Arc<str>, Option<usize>),
    /// In an environment variable.
    Environment(Arc<str>),
    /// In a flag of the command line.
    Flag(&'static str),
    /// In what `--dev` presets.
    Dev,
    /// Nowhere: it is the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name, Some(line)) => write!(f, "{name}:{line}"),
            Self::File(name, None) => f.write_str(name),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Dev => f.write_str("--dev"),
            Self::Default => f.write_str("configuration"),
        }
    }
}

/// A table's entries by key.
pub(super) type Table = BTreeMap<String, Node>;

/// A value, and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// What all three formats have in common.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::List(_) => f.write_str("a list"),
            Self::Table(_) => f.write_str("a table"),
        }
    }
}

impl Node {
    /// A tree with nothing in it.
    pub(super) fn empty() -> Self {
        Self { value: Value::Table(Table::new()), origin: Origin::Default }
    }

    /// The same value, all of it written in one place.
    pub(super) fn from_json(value: serde_json::Value, origin: &Origin) -> Self {
        let value = match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or(Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Integer)
            }
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(|item| Self::from_json(item, origin)).collect())
            }
            serde_json::Value::Object(entries) => Value::Table(
                entries.into_iter().map(|(key, value)| (key, Self::from_json(value, origin))).collect(),
            ),
        };
        Self { value, origin: origin.clone() }
    }

    /// Puts `node` at `path`, making the tables on the way; what was there before is forgotten.
    pub(super) fn set(&mut self, path: &[&str], node: Node) {
        let Some((first, rest)) = path.split_first() else {
            *self = node;
            return;
        };
        if !matches!(self.value, Value::Table(_)) {
            *self = Self { value: Value::Table(Table::new()), origin: node.origin.clone() };
        }
        if let Value::Table(table) = &mut self.value {
            table.entry((*first).to_owned()).or_insert_with(Self::empty).set(rest, node);
        }
    }

    /// Lays `over` on top: its tables are merged into ours, anything else of it replaces ours.
    pub(super) fn merge(&mut self, over: Node) {
        match (&mut self.value, over) {
            (Value::Table(ours), Node { value: Value::Table(theirs), .. }) => {
                for (key, node) in theirs {
                    match ours.get_mut(&key) {
                        Some(mine) => mine.merge(node),
                        None => drop(ours.insert(key, node)),
                    }
                }
            }
            (_, over) => *self = over,
        }
    }

    /// Where the value at `path` was written, or else the nearest table around it.
    pub(super) fn origin_of(&self, path: &str) -> Origin {
        let mut node = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let step = step.trim_end_matches(']');
            let next = match &node.value {
                Value::Table(table) => table.get(step),
                Value::List(items) => {
                    let labelled = items.iter().enumerate().find(|(i, item)| item.label(*i) == step);
                    labelled.map(|(_, item)| item).or_else(|| items.get(step.parse::<usize>().ok()?))
                }
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.origin.clone()
    }

    /// What messages call it when it is the item number `index` of a list.
    pub(super) fn label(&self, index: usize) -> String {
        match &self.value {
            Value::Table(table) => match table.get("name").map(|name| &name.value) {
                Some(Value::Text(name)) => label(name, index),
                _ => label("", index),
            },
            _ => label("", index),
        }
    }

    /// Whether it asks for nothing but what is the case anyway, so that nothing is missed without it.
    pub(super) fn is_off(&self) -> bool {
        match &self.value {
            Value::Null | Value::Bool(false) | Value::Integer(0) => true,
            Value::Text(text) => {
                matches!(text.as_str(), "" | "0" | "false" | "default" | "memory" | "stream")
            }
            Value::List(items) => items.is_empty(),
            // What stands beside describes what is not used.
            Value::Table(table) => match (table.get("enabled"), table.get("type")) {
                (Some(enabled), None) => enabled.is_off(),
                (Some(enabled), Some(kind)) => enabled.is_off() || kind.is_off(),
                (None, Some(kind)) => kind.is_off(),
                (None, None) => table.values().all(Self::is_off),
            },
            _ => false,
        }
    }
}

/// What messages call the item number `index` of a list: its name if it has one that can stand in a path.
pub(super) fn label(name: &str, index: usize) -> String {
    let stands = !name.is_empty() && !name.contains(['.', '[', ']']);
    if stands { name.to_owned() } else { index.to_string() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_toml_value_knows_its_line() {
        let text =
            "[client]\nping_interval = \"1s\"\n\n[[channel.namespaces]]\nname = \"chat\"\npresence = true\n";
        let tree = Node::parse(Path::new("a.toml"), text).unwrap();
        assert_eq!(tree.origin_of("client.ping_interval").to_string(), "a.toml:2");
        assert_eq!(tree.origin_of("channel.namespaces[chat].presence").to_string(), "a.toml:6");
        assert_eq!(tree.origin_of("client.nothing").to_string(), "a.toml:1");
        assert_eq!(tree.origin_of("nothing").to_string(), "a.toml");
    }

    #[test]
    fn merging_replaces_values_and_keeps_their_neighbours() {
        let mut tree = Node::parse(Path::new("a.json"), r#"{"a":{"b":1,"c":2},"d":[1]}"#).unwrap();
        tree.merge(Node::parse(Path::new("b.json"), r#"{"a":{"b":3},"d":[]}"#).unwrap());
        tree.set(&["a", "e", "f"], Node { value: Value::Bool(true), origin: Origin::Dev });
        assert_eq!(tree.origin_of("a.b").to_string(), "b.json");
        assert_eq!(tree.origin_of("a.c").to_string(), "a.json");
        assert_eq!(tree.origin_of("a.e.f").to_string(), "--dev");
        assert_eq!(tree.origin_of("d").to_string(), "b.json");
    }
}
