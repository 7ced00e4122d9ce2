//! The members of a JSON object that a client sent, as they came.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The members of one object. Of those that bear the same name the last one counts, as in browsers.
#[derive(Default)]
pub(super) struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    /// `None` if the message is no JSON object. However deep its values are, they are not descended into.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|value| serde_json::from_str(value.get()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &str) -> Option<String> {
        Members::read(message)?.text("a")
    }

    #[test]
    fn only_texts_of_an_object_count_and_of_two_the_last() {
        assert_eq!(text(r#" {"a":"x\u0079","b":{"a":"deeper"}} "#).as_deref(), Some("xy"));
        assert_eq!(text(r#"{"a":"1","\u0061":"2"}"#).as_deref(), Some("2"));
        assert_eq!(text(r#"{"a":"1","a":2}"#), None);
        for message in ["", "null", "[]", "\"a\"", r#"{"a":"x"} {}"#, r#"{"a":"x""#, r#"{"a":1}"#] {
            assert_eq!(text(message), None, "{message}");
        }
    }

    #[test]
    fn depth_exhausts_no_stack() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(text(&format!(r#"{{"b":{deep},"a":"x"}}"#)).as_deref(), Some("x"));
        assert!(Members::read(&r#"{"a":"#.repeat(200_000)).is_none());
        assert!(Members::read(&"{".repeat(1 << 20)).is_none());
    }
}
