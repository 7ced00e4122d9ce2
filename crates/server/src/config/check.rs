//! Rules that tie several keys together, each broken one said with the place of the first key.

use super::{
    node::Node,
    problem::{Problem, Severity},
};

/// Collects broken rules while settings become the configuration.
pub(super) struct Check<'a> {
    tree: &'a Node,
    problems: &'a mut Vec<Problem>,
    /// How many of the problems were there before: values that could not be read.
    unread: usize,
}

impl<'a> Check<'a> {
    pub(super) fn new(tree: &'a Node, problems: &'a mut Vec<Problem>) -> Self {
        Self { tree, unread: problems.len(), problems }
    }

    /// A rule about `keys` of the section `at` is broken; the first key is where to mend it.
    ///
    /// Nothing is said if one of them could not be read at all: then the rule was judged by its default.
    pub(super) fn wrong(&mut self, at: &str, keys: &[&str], message: &str) {
        let paths: Vec<String> = keys.iter().map(|key| join(at, key)).collect();
        let unread = |problem: &Problem| problem.severity == Severity::Wrong && paths.contains(&problem.key);
        if self.problems[..self.unread].iter().any(unread) {
            return;
        }
        let path = paths.first().map_or(at, String::as_str);
        self.problems.push(Problem::wrong(self.tree.origin_of(path), path, message));
    }

    /// `key` of the section `at` will surprise somebody.
    pub(super) fn notice(&mut self, at: &str, key: &str, message: &str) {
        let path = join(at, key);
        self.problems.push(Problem::notice(self.tree.origin_of(&path), &path, message));
    }
}

fn join(at: &str, key: &str) -> String {
    match (at, key) {
        ("", key) => key.to_owned(),
        (at, "") => at.to_owned(),
        (at, key) => format!("{at}.{key}"),
    }
}
