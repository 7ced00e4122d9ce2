//! The configuration as TOML text: the effective one, and the sample that documents every key.

use super::{
    schema::{Key, Section, Shape, Shown},
    settings::Settings,
};

impl Settings {
    /// All of it as TOML, secrets masked.
    pub fn to_toml(&self) -> String {
        let mut writer = Writer { text: String::new(), documented: false, mark: "" };
        writer.section(self.show_keys(), "");
        writer.text
    }

    /// A file that names every key with its documentation and default, and changes nothing.
    pub fn sample() -> String {
        let intro = "# Every key of Suona's configuration, with its default. Copy what you need.\n\
                     # Keys that Centrifugo v6 has too have its names, places and meaning.\n";
        let mut writer = Writer { text: intro.to_owned(), documented: true, mark: "" };
        writer.section(Self::default().show_keys(), "");
        writer.text
    }
}

struct Writer {
    text: String,
    documented: bool,
    /// What begins each line that holds a key: nothing, or the sign of a comment.
    mark: &'static str,
}

impl Writer {
    /// Values first, then the tables: TOML has no way back out of a table.
    fn section(&mut self, keys: Vec<(Key, Shown)>, path: &str) {
        let (values, tables): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|(key, _)| matches!(key.shape, Shape::Value | Shape::Optional(_)));
        for (key, shown) in &values {
            self.value(key, shown);
        }
        for (key, shown) in tables {
            let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            self.table(&key, shown, &path);
        }
    }

    fn value(&mut self, key: &Key, shown: &Shown) {
        let (mark, value) = match (shown, key.shape) {
            (Shown::Value(value), _) => (self.mark, value.clone()),
            (Shown::Section(keys), _) => (self.mark, inline(keys)),
            _ if !self.documented => return,
            (_, Shape::Optional(example)) => ("# ", inline(&example())),
            _ => ("# ", toml::Value::from("")),
        };
        self.docs(key);
        self.text.push_str(&format!("{mark}{} = {value}\n", key.name));
    }

    fn table(&mut self, key: &Key, shown: Shown, path: &str) {
        match (shown, key.shape) {
            (Shown::Section(keys), _) => {
                self.text.push('\n');
                self.docs(key);
                self.text.push_str(&format!("{}[{path}]\n", self.mark));
                self.section(keys, path);
            }
            (Shown::List(items), Shape::List(example)) => {
                let documents = items.is_empty() && self.documented;
                let mark = self.mark;
                self.mark = if documents { "# " } else { mark };
                for item in if documents { vec![example()] } else { items } {
                    self.text.push('\n');
                    self.docs(key);
                    self.text.push_str(&format!("{}[[{path}]]\n", self.mark));
                    self.section(item, path);
                }
                self.mark = mark;
            }
            _ => {}
        }
    }

    fn docs(&mut self, key: &Key) {
        if self.documented {
            let docs: Vec<&str> = key.docs.iter().map(|line| line.trim()).collect();
            self.text.push_str(&format!("{}# {}\n", self.mark, docs.join(" ")));
        }
    }
}

fn inline(keys: &[(Key, Shown)]) -> toml::Value {
    let entry = |(key, shown): &(Key, Shown)| match shown {
        Shown::Value(value) => Some((key.name.to_owned(), value.clone())),
        _ => None,
    };
    toml::Value::Table(keys.iter().filter_map(entry).collect())
}
