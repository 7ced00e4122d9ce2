//! The words of a line: anything without blanks, or a text in quotation marks.

use std::str::FromStr;

/// A line that is none of a transcript, or a word that does not belong where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// What of a line is not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a>(pub(crate) &'a str);

impl<'a> Words<'a> {
    /// The next word, if there is one; a text with its quotation marks.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        let line = self.0.trim_start();
        let end =
            if line.starts_with('"') { end_of_text(line) } else { line.find(' ').unwrap_or(line.len()) };
        let (word, rest) = line.split_at(end);
        self.0 = rest.strip_prefix(' ').unwrap_or(rest);
        Some(word).filter(|word| !word.is_empty())
    }

    /// The next word, which must be there.
    pub(crate) fn word(&mut self, what: &str) -> Result<&'a str, Malformed> {
        self.next().ok_or_else(|| Malformed(format!("{what} is missing")))
    }

    /// The next word, as a number.
    pub(crate) fn number<N: FromStr>(&mut self, what: &str) -> Result<N, Malformed> {
        let word = self.word(what)?;
        word.parse().map_err(|_| Malformed(format!("{word} is no {what}")))
    }

    /// The next word, as the text between its quotation marks.
    pub(crate) fn text(&mut self, what: &str) -> Result<String, Malformed> {
        text(self.word(what)?)
    }

    /// All that is left, as it stands.
    pub(crate) fn rest(&mut self) -> &'a str {
        std::mem::take(&mut self.0)
    }

    /// Nothing is left.
    pub(crate) fn end(&mut self) -> Result<(), Malformed> {
        self.next().map_or(Ok(()), |word| Err(Malformed(format!("{word} is one word too many"))))
    }

    /// The next word, if it begins so.
    pub(crate) fn next_if(&mut self, is: impl FnOnce(&str) -> bool) -> Option<&'a str> {
        let mut ahead = *self;
        let word = ahead.next().filter(|word| is(word))?;
        *self = ahead;
        Some(word)
    }
}

/// A text as JSON has it.
pub(crate) fn text(quoted: &str) -> Result<String, Malformed> {
    serde_json::from_str(quoted).map_err(|_| Malformed(format!("no text: {quoted}")))
}

/// A text with its quotation marks.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where a text that begins with a quotation mark ends.
fn end_of_text(line: &str) -> usize {
    let mut escaped = false;
    let closes = |c: char| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    };
    line[1..].find(closes).map_or(line.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word() {
        let mut words = Words(r#"lost 1 "a \"quoted\" reason" full"#);
        assert_eq!((words.next(), words.number("socket")), (Some("lost"), Ok(1)));
        assert_eq!(words.text("reason").unwrap(), r#"a "quoted" reason"#);
        assert_eq!(words.next_if(|word| word == "final"), None);
        assert_eq!((words.next_if(|word| word == "full"), words.next()), (Some("full"), None));
    }
}
