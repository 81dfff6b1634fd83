//! Questions on the terminal. They block, so each question runs on a separate thread.

use std::io::{BufRead, IsTerminal};

use dialoguer::console::Term;
use dialoguer::{Confirm, MultiSelect, Select};
use fieldcast::Answer;
use tokio::sync::mpsc;

use crate::error::{Error, Result};

/// Lets the user pick any number of items. Returns their indexes.
pub(crate) async fn pick_many(question: String, items: Vec<(String, bool)>) -> Result<Vec<usize>> {
    blocking(move || Ok(MultiSelect::new().with_prompt(question).items_checked(items).report(false).interact()?)).await
}

/// Lets the user pick one item. Returns its index.
pub(crate) async fn pick_one(question: String, items: Vec<String>) -> Result<usize> {
    blocking(move || Ok(Select::new().with_prompt(question).items(items).default(0).interact()?)).await
}

/// Asks yes or no. Enter means `default`.
pub(crate) async fn confirm(question: String, default: bool) -> Result<bool> {
    blocking(move || Ok(Confirm::new().with_prompt(question).default(default).interact()?)).await
}

/// Waits for Enter.
pub(crate) async fn enter() -> Result {
    blocking(|| Term::stderr().read_line().map(drop).map_err(|error| Error::of_prompt(&error))).await
}

/// Reads a line without showing what the user types.
pub(crate) async fn hidden(question: &str) -> Result<String> {
    let hidden = HiddenInput;
    let question = format!("{question}: ");
    let answer = blocking(move || {
        let term = Term::stderr();
        term.write_str(&question).and_then(|()| term.read_secure_line()).map_err(|error| Error::of_prompt(&error))
    })
    .await;
    std::mem::forget(hidden); // the line is complete, so the terminal shows input again
    answer
}

/// The first line of stdin.
pub(crate) async fn stdin_line() -> Result<String> {
    blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(|error| Error::of_prompt(&error))?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    })
    .await
}

/// Typed lines, for questions that can end before the user answers them. The default value yields no lines.
#[derive(Debug, Default)]
pub(crate) struct Typed(Option<mpsc::UnboundedReceiver<String>>);

impl Typed {
    /// Reads lines from now on, and lines that the user has already typed.
    pub(crate) fn listen() -> Self {
        let (typed, lines) = mpsc::unbounded_channel();
        // The runtime would wait for its own blocking thread at the end, so this is a plain thread.
        std::thread::spawn(move || {
            for line in std::io::stdin().lines() {
                let Ok(line) = line else { return };
                if typed.send(line).is_err() {
                    return;
                }
            }
        });
        Self::of(lines)
    }

    pub(crate) fn of(lines: mpsc::UnboundedReceiver<String>) -> Self {
        Self(Some(lines))
    }

    /// The next line. Returns `None` once when the input closes; after that it waits without end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let line = match &mut self.0 {
            Some(lines) => lines.recv().await,
            None => std::future::pending().await,
        };
        if line.is_none() {
            self.0 = None;
        }
        line
    }

    /// Discards the lines typed so far. They do not answer a question that appears only now.
    pub(crate) fn discard(&mut self) {
        while self.0.as_mut().is_some_and(|lines| lines.try_recv().is_ok()) {}
    }

    /// Whether more lines can come.
    pub(crate) fn is_open(&self) -> bool {
        self.0.is_some()
    }
}

/// Reads a typed line as the answer to a code comparison.
pub(crate) fn compared(line: &str) -> Answer {
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Answer::Trust,
        "d" | "different" => Answer::CodesDiffer,
        _ => Answer::Decline,
    }
}

/// Shows the cursor again if an interrupted prompt has hidden it.
pub(crate) fn restore_terminal() {
    if std::io::stderr().is_terminal() {
        let _terminal_closed = Term::stderr().show_cursor();
    }
}

/// Marks that the terminal may hide the input. If Ctrl-C drops this value, the terminal shows the input again.
struct HiddenInput;

impl Drop for HiddenInput {
    fn drop(&mut self) {
        if cfg!(unix) {
            let _best_effort = std::process::Command::new("stty").arg("echo").status();
        }
    }
}

async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(ask).await.unwrap_or(Err(Error::Interrupted))
}
