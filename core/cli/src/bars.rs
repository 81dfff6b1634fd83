//! Progress: bars on a terminal, a line now and then elsewhere, nothing when a program listens.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::{Output, warn};
use crate::text::padded;

/// The pause between two plain lines about the same thing.
const LINE_EVERY: Duration = Duration::from_secs(1);
const REDRAWS: u8 = 10;

/// Several things going on at once, each under a key.
pub(crate) struct Bars {
    mode: Mode,
    rows: BTreeMap<String, Row>,
}

enum Mode {
    Live(MultiProgress),
    Plain,
    Silent,
}

struct Row {
    label: String,
    bar: Option<ProgressBar>,
    /// When the last plain line was written, or could have been: what is over at once gets a line at its end only.
    said: Instant,
}

/// How far something is, if that can be said in numbers.
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

    /// How things stand with `key` now.
    pub(crate) fn show(&mut self, key: &str, label: &str, share: Option<Share>, text: &str) {
        self.update(key, label, share, text, false);
    }

    /// What a bar that is drawn says now; there is no plain line about what has not changed.
    pub(crate) fn redraw(&self, key: &str, text: &str) {
        if let Some(bar) = self.rows.get(key).and_then(|row| row.bar.as_ref()) {
            bar.set_message(text.to_owned());
        }
    }

    /// How things ended with `key`.
    pub(crate) fn settle(&mut self, key: &str, label: &str, share: Option<Share>, text: &str) {
        self.update(key, label, share, text, true);
    }

    fn update(&mut self, key: &str, label: &str, share: Option<Share>, text: &str, last: bool) {
        let row = self.rows.entry(key.to_owned()).or_insert_with(|| Row {
            label: String::new(),
            bar: None,
            said: Instant::now(),
        });
        label.clone_into(&mut row.label);
        match &self.mode {
            Mode::Live(all) => row.draw(all, share, text, last),
            Mode::Plain if last || row.said.elapsed() >= LINE_EVERY => {
                row.said = Instant::now();
                warn(format_args!("{label}: {text}"));
            }
            Mode::Plain | Mode::Silent => {}
        }
    }

    /// A line above the bars.
    pub(crate) fn note(&self, text: impl Display) {
        match &self.mode {
            Mode::Live(all) => all.suspend(|| warn(text)),
            Mode::Plain => warn(text),
            Mode::Silent => {}
        }
    }

    /// Takes the bars off the screen.
    pub(crate) fn clear(&mut self) {
        if let Mode::Live(all) = &self.mode {
            let _no_terminal_any_more = all.clear();
        }
        self.rows.clear();
    }
}

impl Row {
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
