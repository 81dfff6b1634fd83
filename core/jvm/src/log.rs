//! What Fieldcast itself logs, as lines. No more than that: a library may log an address it calls, and all may be read by whoever
//! holds the phone; what is Fieldcast's own names no person, record or token.

use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber, span};

/// The most bytes of a line; logcat cuts at some 4,000.
const MOST: usize = 2_000;

/// Where lines go.
pub(crate) type Sink = fn(Level, String);

/// Sends what is logged from now on there, unless somebody has taken it already.
#[cfg(target_os = "android")]
pub(crate) fn install(sink: Sink) {
    let _is_taken = tracing::subscriber::set_global_default(Lines(sink));
}

struct Lines(Sink);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO && metadata.target().starts_with("fieldcast")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{}:", event.metadata().target()));
        event.record(&mut line);
        line.0.truncate(line.0.floor_char_boundary(MOST));
        (self.0)(*event.metadata().level(), line.0);
    }

    // Spans are not enabled.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _a_string_takes_all = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static TOLD: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

    #[test]
    fn what_fieldcast_says_is_one_line_each_and_nothing_else_is_heard() {
        let lines = Lines(|level, line| TOLD.lock().unwrap().push((level, line)));
        tracing::subscriber::with_default(lines, || {
            tracing::warn!(target: "fieldcast_net::tls", code = 7, "it {}", "broke");
            tracing::debug!(target: "fieldcast", "too much");
            tracing::error!(target: "hyper::client", "https://server/?token=secret");
            let _span = tracing::info_span!(target: "fieldcast", "unheard").entered();
            tracing::info!(target: "fieldcast", "{}", "é".repeat(MOST));
        });
        let told = TOLD.lock().unwrap();
        assert_eq!(told[0], (Level::WARN, "fieldcast_net::tls: it broke code=7".to_owned()));
        assert_eq!((told.len(), told[1].0), (2, Level::INFO));
        assert!((MOST - 1..=MOST).contains(&told[1].1.len()), "{}", told[1].1.len());
    }
}
