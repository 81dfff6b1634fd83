//! The state that the root object, its jobs and its sessions share.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use fieldcast::{Engine, ExchangeSettings, KeyWrap, Settings};

use crate::group_changes::Groups;
use crate::mailbox::Mailbox;
use crate::platform_discovery::Searches;
use crate::ports::{Held, Wrap};
use crate::runtime::{Runtime, Work};
use crate::session::{Session, Slot};
use crate::throttle::{Shape, Source, forward};
use crate::{
    Event, EventListener, ExchangeOptions, FieldcastError, NetworkKind, OpenSettings, PlatformPorts, delivery,
};

/// One device's engine, its threads and its listener. Dropping it stops all of them without waiting.
pub(crate) struct Core {
    engine: Slot<Engine>,
    mailbox: Arc<Mailbox>,
    sessions: Mutex<Vec<Weak<dyn Session>>>,
    last_id: AtomicU64,
    searches: Slot<Arc<Searches>>,
    pub(crate) groups: Arc<Groups>,
    pub(crate) ports: PlatformPorts,
    pub(crate) runtime: Runtime,
}

impl Core {
    pub(crate) async fn open(
        settings: OpenSettings,
        ports: PlatformPorts,
        listener: Arc<dyn EventListener>,
    ) -> Result<Arc<Self>, FieldcastError> {
        let OpenSettings { data_dir, device_name, allow_http, new_identity, workers } = settings;
        let runtime = Runtime::start(workers.max(1).into())?;
        let key_wrap = ports.key_store.clone().map(|store| Arc::new(Wrap(store)) as Arc<dyn KeyWrap>);
        let engine =
            runtime.run(Engine::open(Settings { data_dir, device_name, allow_http, key_wrap, new_identity })).await?;
        let mailbox = Arc::new(Mailbox::default());
        delivery::start(mailbox.clone(), listener)?;
        let (sessions, last_id, groups) = (Mutex::default(), AtomicU64::new(0), Arc::default());
        let searches = Slot::from(ports.discovery.clone().map(Searches::over).transpose()?.map(Arc::new));
        Ok(Arc::new(Self { engine: Slot::new(engine), mailbox, sessions, last_id, searches, groups, ports, runtime }))
    }

    /// The engine.
    pub(crate) fn engine(&self) -> Result<Engine, FieldcastError> {
        self.engine.with(Engine::clone).map_err(|_| FieldcastError::shut_down())
    }

    /// Runs work with the engine on the runtime.
    pub(crate) fn run<T, E, F>(&self, work: impl FnOnce(Engine) -> F) -> Work<Result<T, FieldcastError>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<FieldcastError> + Send + 'static,
    {
        match self.engine() {
            Ok(engine) => self.runtime.run(work(engine)),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    /// The engine settings for a session, including the phone's ports.
    pub(crate) fn settings(&self, options: ExchangeOptions, engine: &Engine) -> ExchangeSettings {
        let searches = self.searches.with(Arc::clone).ok();
        let mut settings = options.settings(engine);
        settings.discovery = searches.map(|searches| searches as _);
        settings.interface_monitor.group = self.groups.news.clone();
        settings
    }

    /// Acquires the multicast lock, if the phone has one.
    pub(crate) async fn hold_multicast(&self) -> Result<Option<Held>, FieldcastError> {
        let Some(lock) = self.ports.multicast.clone() else { return Ok(None) };
        let hold = async { Ok::<_, FieldcastError>(tokio::task::spawn_blocking(|| Held::acquire(lock)).await?) };
        self.runtime.run(hold).await
    }

    /// Returns an error if only mobile data is available, as far as the phone reports it.
    pub(crate) async fn refuse_metered(&self) -> Result<(), FieldcastError> {
        let Some(network) = self.ports.network.clone() else { return Ok(()) };
        let ask = async { Ok::<_, FieldcastError>(tokio::task::spawn_blocking(move || network.kind()).await?) };
        match self.runtime.run(ask).await? {
            Ok(Some(NetworkKind::Metered)) => Err(FieldcastError::metered()),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the phone does not report whether its network is metered");
                Ok(())
            }
        }
    }

    /// The ID for a new job or session.
    pub(crate) fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Registers a job or session, so that [`shut_down`](Self::shut_down) ends it.
    pub(crate) fn add(&self, session: Weak<dyn Session>) {
        let mut sessions = self.sessions();
        sessions.retain(|other| other.strong_count() > 0);
        sessions.push(session);
    }

    /// Sends the events of a job or session to the listener, and [`Event::Over`] at its end.
    pub(crate) fn tell<S, P>(&self, id: u64, source: S, shape: P)
    where
        S: Source + 'static,
        P: Shape<Item = S::Item> + 'static,
    {
        let mailbox = self.mailbox.clone();
        self.runtime.spawn(async move {
            forward(source, shape, |event| mailbox.put(event)).await;
            mailbox.put(Event::Over { session: id });
        });
    }

    /// Ends a session. Has no effect after the shutdown, which has ended it already.
    pub(crate) async fn end(&self, ending: impl Future<Output = ()> + Send + 'static) -> Result<(), FieldcastError> {
        let ended = async {
            ending.await;
            Ok::<_, FieldcastError>(())
        };
        match self.runtime.run(ended).await {
            Err(FieldcastError::ShutDown { .. }) => Ok(()),
            ended => ended,
        }
    }

    /// Ends all jobs and sessions cleanly, then the engine and its threads.
    pub(crate) async fn shut_down(&self) -> Result<(), FieldcastError> {
        let engine = self.engine.take();
        let open: Vec<_> = self.sessions().drain(..).filter_map(|session| session.upgrade()).collect();
        let endings: Vec<_> = open.iter().map(|session| self.runtime.spawn(session.end())).collect();
        for ending in endings {
            ending.await?;
        }
        drop((engine, self.searches.take()));
        self.runtime.stop().await;
        self.mailbox.close();
        Ok(())
    }

    fn sessions(&self) -> MutexGuard<'_, Vec<Weak<dyn Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}
