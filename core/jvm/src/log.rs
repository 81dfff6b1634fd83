//! Formats Fieldcast's log events as lines. Events of other libraries are dropped: a library may log a URL that it
//! connects to, and anyone who has the phone can read the log. Fieldcast's own events contain no user name, record or
//! token.

use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber, span};

/// The maximum length of a line, in bytes. logcat cuts lines at about 4,000.
const MOST: usize = 2_000;

/// Receives the lines.
pub(crate) type LogSink = fn(Level, String);

/// Sends all later log events to `sink`, unless another subscriber is installed already.
#[cfg(target_os = "android")]
pub(crate) fn install(sink: LogSink) {
    let _is_taken = tracing::subscriber::set_global_default(LogSubscriber(sink));
}

struct LogSubscriber(LogSink);

impl Subscriber for LogSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO && metadata.target().starts_with("fieldcast")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = LogLine(format!("{}:", event.metadata().target()));
        event.record(&mut line);
        line.0.truncate(line.0.floor_char_boundary(MOST));
        (self.0)(*event.metadata().level(), line.0);
    }

    // `enabled` rejects spans, so these methods are not used.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct LogLine(String);

impl Visit for LogLine {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _cannot_fail = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static LOGGED: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

    #[test]
    fn logs_only_fieldcast_events_as_lines() {
        let lines = LogSubscriber(|level, line| LOGGED.lock().unwrap().push((level, line)));
        tracing::subscriber::with_default(lines, || {
            tracing::warn!(target: "fieldcast_net::tls", code = 7, "it {}", "broke");
            tracing::debug!(target: "fieldcast", "too much");
            tracing::error!(target: "hyper::client", "https://server/?token=secret");
            let _span = tracing::info_span!(target: "fieldcast", "unheard").entered();
            tracing::info!(target: "fieldcast", "{}", "é".repeat(MOST));
        });
        let logged = LOGGED.lock().unwrap();
        assert_eq!(logged[0], (Level::WARN, "fieldcast_net::tls: it broke code=7".to_owned()));
        assert_eq!((logged.len(), logged[1].0), (2, Level::INFO));
        assert!((MOST - 1..=MOST).contains(&logged[1].1.len()), "{}", logged[1].1.len());
    }
}
