//! How a section of the configuration is declared: once, with the documentation and default of each key.
//!
//! From that one declaration come the reading, the list of known keys, the names of environment variables, the
//! effective configuration that `check` prints, and the sample file.

use super::{
    node::{Node, Value},
    problem::Problem,
};

/// One key of a section.
pub(super) struct Key {
    /// Its name in files.
    pub(super) name: &'static str,
    /// The lines of its documentation.
    pub(super) docs: &'static [&'static str],
    /// What it holds.
    pub(super) shape: Shape,
}

/// What a key holds.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A single value, or a list of them.
    Value,
    /// A table.
    Section(fn() -> Vec<Key>),
    /// A table that may be missing.
    Optional(fn() -> Vec<(Key, Shown)>),
    /// A list of tables.
    List(fn() -> Vec<(Key, Shown)>),
}

/// A value to be printed. Secrets are masked already.
pub(super) enum Shown {
    /// There is none.
    Absent,
    /// A single value, or a list of them.
    Value(toml::Value),
    /// A table: what its keys hold, in the order of the keys.
    Section(Vec<(Key, Shown)>),
    /// A list of tables.
    List(Vec<Vec<(Key, Shown)>>),
}

/// Whatever can stand at a key.
pub(super) trait Setting {
    /// What it holds.
    const SHAPE: Shape;

    /// Takes what was written. What cannot be understood becomes a problem, and the value stays as it was.
    fn read(&mut self, node: &Node, at: &str, problems: &mut Vec<Problem>);

    /// The value as it is printed.
    fn show(&self) -> Shown;
}

/// A table with fixed keys. [`section`] implements it.
pub(super) trait Section: Default {
    /// Its keys, in the order in which they are documented.
    fn keys() -> Vec<Key>;

    /// Takes what was written at the key `name`; `false` if there is no such key.
    fn read_key(&mut self, name: &str, node: &Node, at: &str, problems: &mut Vec<Problem>) -> bool;

    /// What its keys hold, in the order of [`keys`](Self::keys).
    fn show_keys(&self) -> Vec<(Key, Shown)>;
}

/// Reads a whole table; every key that the section does not know becomes a problem.
pub(super) fn read_section<S: Section>(section: &mut S, node: &Node, at: &str, problems: &mut Vec<Problem>) {
    let Value::Table(table) = &node.value else {
        let message = format!("expects a table of keys, not {}", node.value);
        problems.push(Problem::wrong(node.origin.clone(), at, &message));
        return;
    };
    for (name, node) in table {
        let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        if !section.read_key(name, node, &at, problems) {
            problems.extend(Problem::unknown(node, &at, &S::keys()));
        }
    }
}

impl<S: Section> Setting for Option<S> {
    const SHAPE: Shape = Shape::Optional(|| S::default().show_keys());

    fn read(&mut self, node: &Node, at: &str, problems: &mut Vec<Problem>) {
        if !matches!(node.value, Value::Null) {
            read_section(self.get_or_insert_default(), node, at, problems);
        }
    }

    fn show(&self) -> Shown {
        self.as_ref().map_or(Shown::Absent, |section| Shown::Section(section.show_keys()))
    }
}

impl<S: Section> Setting for Vec<S> {
    const SHAPE: Shape = Shape::List(|| S::default().show_keys());

    fn read(&mut self, node: &Node, at: &str, problems: &mut Vec<Problem>) {
        let Value::List(items) = &node.value else {
            let message = format!("expects a list of tables, not {}", node.value);
            problems.push(Problem::wrong(node.origin.clone(), at, &message));
            return;
        };
        for (index, item) in items.iter().enumerate() {
            let mut section = S::default();
            read_section(&mut section, item, &format!("{at}[{}]", item.label(index)), problems);
            self.push(section);
        }
    }

    fn show(&self) -> Shown {
        Shown::List(self.iter().map(Section::show_keys).collect())
    }
}

/// Declares a section: a struct whose every field has documentation and a default.
///
/// `flatten` names a last field that is a section itself and whose keys stand beside ours; `derived` names
/// fields that no file sets, but that follow from the others.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $( $(#[doc = $doc:literal])+ $key:ident: $Type:ty = $default:expr, )*
        }
        $( flatten { $(#[$flat_meta:meta])* $flat:ident: $Flat:ty, } )?
        $( derived { $( $(#[$derived_meta:meta])* $derived:ident: $Derived:ty = $derived_default:expr, )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $Name {
            $( $(#[doc = $doc])+ pub $key: $Type, )*
            $( $(#[$flat_meta])* pub $flat: $Flat, )?
            $( $( $(#[$derived_meta])* pub $derived: $Derived, )* )?
        }

        impl Default for $Name {
            fn default() -> Self {
                Self {
                    $( $key: $default, )*
                    $( $flat: <$Flat>::default(), )?
                    $( $( $derived: $derived_default, )* )?
                }
            }
        }

        impl $crate::config::schema::Section for $Name {
            fn keys() -> Vec<$crate::config::schema::Key> {
                #[allow(unused_mut)]
                let mut keys = vec![$(
                    $crate::config::schema::Key {
                        name: stringify!($key),
                        docs: &[$($doc),+],
                        shape: <$Type as $crate::config::schema::Setting>::SHAPE,
                    },
                )*];
                $( keys.extend(<$Flat as $crate::config::schema::Section>::keys()); )?
                keys
            }

            fn read_key(
                &mut self,
                name: &str,
                node: &$crate::config::node::Node,
                at: &str,
                problems: &mut Vec<$crate::config::problem::Problem>,
            ) -> bool {
                match name {
                    $( stringify!($key) => {
                        $crate::config::schema::Setting::read(&mut self.$key, node, at, problems);
                        true
                    } )*
                    $( name if self.$flat.read_key(name, node, at, problems) => true, )?
                    _ => false,
                }
            }

            fn show_keys(&self) -> Vec<($crate::config::schema::Key, $crate::config::schema::Shown)> {
                #[allow(unused_mut)]
                let mut shown = vec![$( $crate::config::schema::Setting::show(&self.$key), )*];
                $( shown.extend(self.$flat.show_keys().into_iter().map(|(_, shown)| shown)); )?
                Self::keys().into_iter().zip(shown).collect()
            }
        }

        impl $crate::config::schema::Setting for $Name {
            const SHAPE: $crate::config::schema::Shape =
                $crate::config::schema::Shape::Section(<$Name as $crate::config::schema::Section>::keys);

            fn read(
                &mut self,
                node: &$crate::config::node::Node,
                at: &str,
                problems: &mut Vec<$crate::config::problem::Problem>,
            ) {
                $crate::config::schema::read_section(self, node, at, problems);
            }

            fn show(&self) -> $crate::config::schema::Shown {
                $crate::config::schema::Shown::Section($crate::config::schema::Section::show_keys(self))
            }
        }
    };
}

pub(super) use section;
