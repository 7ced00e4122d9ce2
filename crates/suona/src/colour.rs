//! Colours for people, none for files and pipes.

use std::io::{self, IsTerminal};

/// Paints text, if somebody looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colour {
    on: bool,
}

impl Colour {
    /// For standard output.
    pub(crate) fn for_stdout() -> Self {
        Self::for_stream(&io::stdout())
    }

    /// For standard error.
    pub(crate) fn for_stderr() -> Self {
        Self::for_stream(&io::stderr())
    }

    /// On if it is a terminal and `NO_COLOR` is not set (<https://no-color.org>).
    fn for_stream(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { on: stream.is_terminal() && !refused }
    }

    /// For what is wrong.
    pub(crate) fn red(self, text: &str) -> String {
        self.paint("31;1", text)
    }

    /// For what may go wrong.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.paint("33;1", text)
    }

    /// For what is right.
    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32;1", text)
    }

    /// For what is worth knowing.
    pub(crate) fn blue(self, text: &str) -> String {
        self.paint("34;1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_gets_colours() {
        assert_eq!(Colour { on: true }.red("bad"), "\x1b[31;1mbad\x1b[0m");
        assert_eq!(Colour { on: false }.red("bad"), "bad");
    }
}
