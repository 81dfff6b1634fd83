//! Converts the engine's events to app events: limits the rate of progress events, passes all others at once.

use std::time::Duration;

use fieldcast::Subscription;
use tokio::time::{Instant, sleep_until};

use crate::Event;

/// The shortest time between two progress events.
const PACE: Duration = Duration::from_millis(100);

/// A source of engine events.
pub(crate) trait Source: Send {
    type Item: Send;

    /// The next event; `None` when there are no more.
    fn next(&mut self) -> impl Future<Output = Option<Self::Item>> + Send;
}

impl<E: Clone + Send> Source for Subscription<E> {
    type Item = E;

    async fn next(&mut self) -> Option<E> {
        Self::next(self).await
    }
}

/// Converts the events of a job or session.
pub(crate) trait Shape: Send {
    type Item;

    /// The event to publish at once; `None` for progress, which is kept.
    fn take(&mut self, item: Self::Item) -> Option<Event>;

    /// The progress since the last call.
    fn progress(&mut self) -> Option<Event>;
}

/// Publishes all events until the source ends.
pub(crate) async fn forward<S: Source>(
    mut source: S,
    mut shape: impl Shape<Item = S::Item>,
    tell: impl Fn(Event) + Send,
) {
    let mut next = Instant::now();
    let mut is_kept = false;
    loop {
        tokio::select! {
            biased; // otherwise a source without pauses would hold back all progress
            () = sleep_until(next), if is_kept => {
                is_kept = false;
                if let Some(progress) = shape.progress() {
                    next = Instant::now() + PACE;
                    tell(progress);
                }
            }
            item = source.next() => match item.map(|item| shape.take(item)) {
                Some(Some(event)) => tell(event),
                Some(None) => is_kept = true,
                None => break,
            }
        }
    }
    if let Some(last) = shape.progress() {
        tell(last);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;
    use crate::{ReceiveProgress, ReceiveState};

    impl<E: Send> Source for mpsc::UnboundedReceiver<E> {
        type Item = E;

        async fn next(&mut self) -> Option<E> {
            self.recv().await
        }
    }

    /// Numbers are progress, `None` is a step.
    #[derive(Default)]
    struct Numbers(Option<u64>);

    impl Shape for Numbers {
        type Item = Option<u64>;

        fn take(&mut self, item: Option<u64>) -> Option<Event> {
            self.0 = item.or(self.0);
            item.is_none().then_some(Event::Over { session: 1 })
        }

        fn progress(&mut self) -> Option<Event> {
            let progress = ReceiveProgress { staged: self.0.take()?, ..ReceiveProgress::default() };
            Some(Event::ReceiveProgress { session: 1, state: ReceiveState::Receiving { progress } })
        }
    }

    fn staged(event: &Event) -> Option<u64> {
        match event {
            Event::ReceiveProgress { state: ReceiveState::Receiving { progress }, .. } => Some(progress.staged),
            _ => None,
        }
    }

    /// The published events, with their times, for items that arrive at this interval.
    async fn told(items: Vec<Option<u64>>, apart: Duration) -> Vec<(Duration, Event)> {
        let (send, receive) = mpsc::unbounded_channel();
        let (start, told) = (Instant::now(), Mutex::new(Vec::new()));
        let giving = async move {
            for item in items {
                send.send(item).unwrap();
                tokio::time::sleep(apart).await;
            }
        };
        let tell = |event| told.lock().unwrap().push((start.elapsed(), event));
        tokio::join!(giving, forward(receive, Numbers::default(), tell));
        told.into_inner().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn limits_progress_to_ten_per_second() {
        let told = told((0..2000).map(Some).collect(), Duration::from_millis(1)).await;
        assert!((18..=21).contains(&told.len()), "{} in two seconds", told.len());
        let apart = told.windows(2).map(|pair| pair[1].0 - pair[0].0);
        let end = told.len() - 1;
        assert!(apart.take(end - 1).all(|apart| apart >= PACE), "{told:?}");
        assert_eq!(staged(&told[0].1), Some(0), "the first comes at once");
        assert_eq!(staged(&told[end].1), Some(1999), "the last one comes");
    }

    #[tokio::test(start_paused = true)]
    async fn reports_every_step_at_once() {
        let items = (0..1000).map(|at| (at % 10 != 0).then_some(at)).collect();
        let told = told(items, Duration::from_millis(1)).await;
        let steps: Vec<_> = told.iter().filter(|(_, event)| staged(event).is_none()).map(|(at, _)| *at).collect();
        assert_eq!(steps, (0..100).map(|at| Duration::from_millis(at * 10)).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn reports_slow_progress_without_delay() {
        let told = told((0..5).map(Some).collect(), Duration::from_secs(1)).await;
        let times: Vec<_> = told.iter().map(|(at, event)| (at.as_secs(), staged(event))).collect();
        assert_eq!(times, (0..5).map(|at| (at, Some(at))).collect::<Vec<_>>());
    }
}
