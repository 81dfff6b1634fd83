//! Everything the program says. Text and JSON go to stdout, notes and errors to stderr; with `--json` stdout holds
//! nothing but events.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::error::{Error, Result};

/// Where a command speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    verbose: bool,
}

impl Output {
    pub(crate) fn new(json: bool, verbose: bool) -> Self {
        Self { json, verbose }
    }

    /// Whether a program listens rather than a person.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether bars may move: a log would tear them.
    pub(crate) fn is_live(self) -> bool {
        !self.json && !self.verbose && io::stderr().is_terminal()
    }

    /// Whether a person sits there to answer questions.
    pub(crate) fn is_interactive(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// A line for a person, on stdout.
    pub(crate) fn line(self, text: impl Display) -> Result {
        if self.json { Ok(()) } else { write_line(io::stdout().lock(), text) }
    }

    /// An event for a program, on stdout; made only if there is one.
    pub(crate) fn event<E: Display>(self, event: impl FnOnce() -> E) -> Result {
        if self.json { write_line(io::stdout().lock(), event()) } else { Ok(()) }
    }

    /// A question whose answer is typed behind it, on stderr.
    pub(crate) fn prompt(self, text: impl Display) {
        let mut stderr = io::stderr().lock();
        let _nobody_reads = write!(stderr, "{text}").and_then(|()| stderr.flush());
    }

    /// Something on the side for a person, on stderr.
    pub(crate) fn note(self, text: impl Display) {
        if !self.json {
            warn(text);
        }
    }
}

/// A line on stderr, whoever listens. That nobody can read it is no reason to fail.
pub(crate) fn warn(text: impl Display) {
    let _nobody_reads = write_line(io::stderr().lock(), text);
}

fn write_line(mut to: impl Write, text: impl Display) -> Result {
    writeln!(to, "{text}").and_then(|()| to.flush()).map_err(Error::Output)
}
