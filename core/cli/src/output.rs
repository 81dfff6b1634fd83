//! The program's output. Text and JSON go to stdout, notes and errors go to stderr. With `--json` stdout holds only
//! events.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::error::{Error, Result};

/// The output of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    verbose: bool,
}

impl Output {
    pub(crate) fn new(json: bool, verbose: bool) -> Self {
        Self { json, verbose }
    }

    /// Whether a program reads the output instead of a user.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether progress bars may move. Log lines would break them.
    pub(crate) fn is_live(self) -> bool {
        !self.json && !self.verbose && io::stderr().is_terminal()
    }

    /// Whether a user is at a terminal and can answer questions.
    pub(crate) fn is_interactive(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Prints a line for the user on stdout. Prints nothing with `--json`.
    pub(crate) fn line(self, text: impl Display) -> Result {
        if self.json { Ok(()) } else { write_line(io::stdout().lock(), text) }
    }

    /// Prints an event for a program on stdout. Builds the event only with `--json`.
    pub(crate) fn event<E: Display>(self, event: impl FnOnce() -> E) -> Result {
        if self.json { write_line(io::stdout().lock(), event()) } else { Ok(()) }
    }

    /// Prints a question on stderr without a line end; the user types the answer behind it.
    pub(crate) fn prompt(self, text: impl Display) {
        let mut stderr = io::stderr().lock();
        let _unread = write!(stderr, "{text}").and_then(|()| stderr.flush());
    }

    /// Prints a note for the user on stderr. Prints nothing with `--json`.
    pub(crate) fn note(self, text: impl Display) {
        if !self.json {
            warn(text);
        }
    }
}

/// Prints a line on stderr, also with `--json`. Ignores write errors.
pub(crate) fn warn(text: impl Display) {
    let _unread = write_line(io::stderr().lock(), text);
}

fn write_line(mut to: impl Write, text: impl Display) -> Result {
    writeln!(to, "{text}").and_then(|()| to.flush()).map_err(Error::Output)
}
