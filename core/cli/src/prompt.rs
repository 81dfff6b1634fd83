//! Questions on the terminal. They block, so each has a thread of its own.

use std::io::{BufRead, IsTerminal};

use dialoguer::console::Term;
use dialoguer::{Confirm, MultiSelect, Select};
use fieldcast::Answer;
use tokio::sync::mpsc;

use crate::error::{Error, Result};

/// Which of these, if any.
pub(crate) async fn pick_many(question: String, items: Vec<(String, bool)>) -> Result<Vec<usize>> {
    blocking(move || Ok(MultiSelect::new().with_prompt(question).items_checked(items).report(false).interact()?)).await
}

/// Which one of these.
pub(crate) async fn pick_one(question: String, items: Vec<String>) -> Result<usize> {
    blocking(move || Ok(Select::new().with_prompt(question).items(items).default(0).interact()?)).await
}

/// Yes or no; Enter says what is usual.
pub(crate) async fn confirm(question: String, usual: bool) -> Result<bool> {
    blocking(move || Ok(Confirm::new().with_prompt(question).default(usual).interact()?)).await
}

/// Waits for Enter.
pub(crate) async fn enter() -> Result {
    blocking(|| Term::stderr().read_line().map(drop).map_err(|error| Error::of_prompt(&error))).await
}

/// A line that is not shown while it is typed.
pub(crate) async fn hidden(question: &str) -> Result<String> {
    let mute = Mute;
    let question = format!("{question}: ");
    let answer = blocking(move || {
        let term = Term::stderr();
        term.write_str(&question).and_then(|()| term.read_secure_line()).map_err(|error| Error::of_prompt(&error))
    })
    .await;
    std::mem::forget(mute); // read to the end: the terminal shows again what is typed
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

/// What is typed, line by line, for questions that may be withdrawn before they are answered. Nobody types by default.
#[derive(Debug, Default)]
pub(crate) struct Typed(Option<mpsc::UnboundedReceiver<String>>);

impl Typed {
    /// What is typed from now on, and what lies typed already.
    pub(crate) fn listen() -> Self {
        let (typed, lines) = mpsc::unbounded_channel();
        // A plain thread, since the runtime would wait for it at the end.
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

    /// The next line; `None` once, when the input is closed, then never anything.
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

    /// Forgets what was typed so far: it is no answer to a question that only now comes on the screen.
    pub(crate) fn forget(&mut self) {
        while self.0.as_mut().is_some_and(|lines| lines.try_recv().is_ok()) {}
    }

    /// Whether there may be more.
    pub(crate) fn is_open(&self) -> bool {
        self.0.is_some()
    }
}

/// What a typed line says about a code that is to be compared.
pub(crate) fn compared(line: &str) -> Answer {
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Answer::Trust,
        "d" | "different" => Answer::CodesDiffer,
        _ => Answer::Decline,
    }
}

/// Brings back what an interrupted prompt may have hidden.
pub(crate) fn restore_terminal() {
    if std::io::stderr().is_terminal() {
        let _no_terminal_any_more = Term::stderr().show_cursor();
    }
}

/// While it lives, the terminal may be hiding what is typed; dropped by Ctrl-C, it makes it show it again.
struct Mute;

impl Drop for Mute {
    fn drop(&mut self) {
        if cfg!(unix) {
            let _best_effort = std::process::Command::new("stty").arg("echo").status();
        }
    }
}

async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(ask).await.unwrap_or(Err(Error::Interrupted))
}
