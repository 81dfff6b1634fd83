//! Progress: bars on a terminal, at most one line a second without a terminal, nothing with `--json`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::{Output, warn};
use crate::text::padded;

/// The shortest time between two plain lines of the same row.
const LINE_INTERVAL: Duration = Duration::from_secs(1);
const REDRAWS: u8 = 10;

/// Several tasks at the same time, each under a key.
pub(crate) struct Bars {
    mode: Mode,
    rows: BTreeMap<String, ProgressRow>,
}

enum Mode {
    Live(MultiProgress),
    Plain,
    Silent,
}

struct ProgressRow {
    label: String,
    bar: Option<ProgressBar>,
    /// Time of the last plain line, or of the row's start: a task that ends at once gets only its last line.
    last_line: Instant,
}

/// Progress in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

impl Bars {
    pub(crate) fn new(out: Output) -> Self {
        let mode = if out.is_json() {
            Mode::Silent
        } else if out.is_live() {
            Mode::Live(MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS)))
        } else {
            Mode::Plain
        };
        Self { mode, rows: BTreeMap::new() }
    }

    /// Shows the current state of `key`.
    pub(crate) fn show(&mut self, key: &str, label: &str, share: Option<Share>, text: &str) {
        self.update(key, label, share, text, false);
    }

    /// Changes the text of a visible bar. Prints no plain line, because nothing has changed.
    pub(crate) fn redraw(&self, key: &str, text: &str) {
        if let Some(bar) = self.rows.get(key).and_then(|row| row.bar.as_ref()) {
            bar.set_message(text.to_owned());
        }
    }

    /// Shows the final state of `key`.
    pub(crate) fn settle(&mut self, key: &str, label: &str, share: Option<Share>, text: &str) {
        self.update(key, label, share, text, true);
    }

    fn update(&mut self, key: &str, label: &str, share: Option<Share>, text: &str, last: bool) {
        let row = self.rows.entry(key.to_owned()).or_insert_with(|| ProgressRow {
            label: String::new(),
            bar: None,
            last_line: Instant::now(),
        });
        label.clone_into(&mut row.label);
        match &self.mode {
            Mode::Live(all) => row.draw(all, share, text, last),
            Mode::Plain if last || row.last_line.elapsed() >= LINE_INTERVAL => {
                row.last_line = Instant::now();
                warn(format_args!("{label}: {text}"));
            }
            Mode::Plain | Mode::Silent => {}
        }
    }

    /// Prints a line above the bars.
    pub(crate) fn note(&self, text: impl Display) {
        match &self.mode {
            Mode::Live(all) => all.suspend(|| warn(text)),
            Mode::Plain => warn(text),
            Mode::Silent => {}
        }
    }

    /// Removes the bars from the screen.
    pub(crate) fn clear(&mut self) {
        if let Mode::Live(all) = &self.mode {
            let _terminal_closed = all.clear();
        }
        self.rows.clear();
    }
}

impl ProgressRow {
    fn draw(&mut self, all: &MultiProgress, share: Option<Share>, text: &str, last: bool) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = all.add(ProgressBar::new(0));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let template = match (share.is_some(), last) {
            (true, _) => "  {prefix} {bar:20.green/dim} {wide_msg}",
            (false, false) => "  {prefix} {spinner:.green} {wide_msg}",
            (false, true) => "  {prefix}   {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        if let Some(share) = share {
            bar.set_length(share.total.max(1));
            bar.set_position(if share.total == 0 { 1 } else { share.done.min(share.total) });
        }
        bar.set_prefix(padded(&self.label, 16));
        bar.set_message(text.to_owned());
        if last {
            bar.abandon();
        }
    }
}
