//! Writes JSON objects, leaving out what is zero, empty or absent as the protocol asks.

use std::io::Write;

use memchr::memchr;

use crate::Payload;

/// One JSON object under way. A plain member is left out if its value is the default of its type.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// Writes an object with the members that `members` adds.
pub(super) fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    members(&mut Object { out, empty: true });
    out.push(b'}');
}

impl Object<'_> {
    /// Begins a member, to be followed by its value.
    pub(super) fn member(&mut self, key: &'static str) -> &mut Vec<u8> {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// Begins a member whose key is not ours, but a channel's name, say.
    pub(super) fn entry(&mut self, key: &str) -> &mut Vec<u8> {
        self.separate();
        string(self.out, key);
        self.out.push(b':');
        self.out
    }

    fn separate(&mut self) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
    }

    /// A number, even if it is 0.
    pub(super) fn number(&mut self, key: &'static str, value: u64) {
        let out = self.member(key);
        write!(out, "{value}").expect("a vector takes everything");
    }

    /// A number, unless it is 0.
    pub(super) fn nonzero(&mut self, key: &'static str, value: u64) {
        if value != 0 {
            self.number(key, value);
        }
    }

    /// A whole number of either sign.
    pub(super) fn integer(&mut self, key: &'static str, value: i32) {
        let out = self.member(key);
        write!(out, "{value}").expect("a vector takes everything");
    }

    /// A text, even if it is empty.
    pub(super) fn text(&mut self, key: &'static str, value: &str) {
        string(self.member(key), value);
    }

    /// A text whose key is not ours.
    pub(super) fn text_entry(&mut self, key: &str, value: &str) {
        string(self.entry(key), value);
    }

    /// A text, unless it is empty.
    pub(super) fn nonempty(&mut self, key: &'static str, value: &str) {
        if !value.is_empty() {
            self.text(key, value);
        }
    }

    /// `true`, or nothing.
    pub(super) fn flag(&mut self, key: &'static str, value: bool) {
        if value {
            self.member(key).extend_from_slice(b"true");
        }
    }

    /// A payload as it is, unless there is none.
    pub(super) fn payload(&mut self, key: &'static str, value: Option<&Payload>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            raw(self.member(key), value);
        }
    }

    /// An object, even if it stays empty.
    pub(super) fn object(&mut self, key: &'static str, members: impl FnOnce(&mut Object<'_>)) {
        object(self.member(key), members);
    }

    /// An array of objects that are written already, even if there are none.
    pub(super) fn array<'a>(&mut self, key: &'static str, fragments: impl Iterator<Item = &'a [u8]>) {
        let out = self.member(key);
        out.push(b'[');
        for (i, fragment) in fragments.enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(fragment);
        }
        out.push(b']');
    }
}

/// Appends a JSON string.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a vector takes every text");
}

/// Appends JSON text without its line feeds, which would end the message. Valid JSON has them only between
/// tokens.
pub(super) fn raw(out: &mut Vec<u8>, mut json: &[u8]) {
    while let Some(end) = memchr(b'\n', json) {
        out.extend_from_slice(&json[..end]);
        json = &json[end + 1..];
    }
    out.extend_from_slice(json);
}
