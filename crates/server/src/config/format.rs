//! The three formats of files, each read into the same tree.

use std::{ops::Range, path::Path, sync::Arc};

use toml::de::{DeTable, DeValue};

use super::{
    node::{Node, Origin, Table, Value},
    problem::Problem,
};

impl Node {
    /// Reads `text` in the format that the extension of `file` names.
    pub(super) fn parse(file: &Path, text: &str) -> Result<Self, Problem> {
        let name: Arc<str> = file.display().to_string().into();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => Self::parse_toml(&name, text),
            Some("json") => Self::parse_json(&name, text),
            Some("yaml" | "yml") => Self::parse_yaml(&name, text),
            _ => Err(Problem::wrong(
                Origin::File(name, None),
                "",
                "has no known format; name it .toml, .json, .yaml or .yml",
            )),
        }
    }

    fn parse_toml(name: &Arc<str>, text: &str) -> Result<Self, Problem> {
        let lines = Lines::of(text);
        let origin = |span: Range<usize>| Origin::File(name.clone(), Some(lines.number(span.start)));
        match DeTable::parse(text) {
            Ok(table) => Ok(Self {
                value: Value::Table(from_toml_table(table.get_ref(), &origin)),
                origin: Origin::File(name.clone(), None),
            }),
            Err(error) => {
                let place = error.span().map_or(Origin::File(name.clone(), None), origin);
                Err(Problem::wrong(place, "", &format!("is no valid TOML: {}", one_line(error.message()))))
            }
        }
    }

    fn parse_json(name: &Arc<str>, text: &str) -> Result<Self, Problem> {
        let value = serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Problem::wrong(
                Origin::File(name.clone(), Some(error.line())),
                "",
                &format!("is no valid JSON: {message}"),
            )
        })?;
        Ok(Self::from_json(value, &Origin::File(name.clone(), None)))
    }

    fn parse_yaml(name: &Arc<str>, text: &str) -> Result<Self, Problem> {
        if text.trim().is_empty() {
            return Ok(Self::empty());
        }
        let value = serde_saphyr::from_str::<serde_json::Value>(text).map_err(|error| {
            let line = error.location().and_then(|place| usize::try_from(place.line()).ok());
            let message = one_line(&error.without_snippet().to_string());
            Problem::wrong(Origin::File(name.clone(), line), "", &format!("is no valid YAML: {message}"))
        })?;
        Ok(Self::from_json(value, &Origin::File(name.clone(), None)))
    }
}

fn from_toml_table(table: &DeTable<'_>, origin: &impl Fn(Range<usize>) -> Origin) -> Table {
    table
        .iter()
        .map(|(key, value)| {
            let node = Node { value: from_toml(value.get_ref(), origin), origin: origin(key.span()) };
            (key.get_ref().to_string(), node)
        })
        .collect()
}

fn from_toml(value: &DeValue<'_>, origin: &impl Fn(Range<usize>) -> Origin) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Float(f64::INFINITY),
        },
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node { value: from_toml(item.get_ref(), origin), origin: origin(item.span()) })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(from_toml_table(table, origin)),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The number of the line that holds the byte `at`, counted from 1.
    fn number(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, text: &str) -> String {
        Node::parse(Path::new(file), text).unwrap_err().to_string()
    }

    #[test]
    fn a_text_that_is_not_the_format_is_one_line_with_its_place() {
        assert_eq!(problem("a.json", "{\n  \"a\": 1,\n}"), "a.json:3: is no valid JSON: trailing comma");
        assert!(problem("a.toml", "a = 1\nb = \n").starts_with("a.toml:2: is no valid TOML: "));
        assert!(problem("a.yaml", "a: 1\nb: [1\n").starts_with("a.yaml:"));
        assert_eq!(problem("a.ini", ""), "a.ini: has no known format; name it .toml, .json, .yaml or .yml");
        for file in ["a.json", "a.toml", "a.yaml"] {
            assert_eq!(problem(file, "{{{[[[").lines().count(), 1);
        }
    }
}
