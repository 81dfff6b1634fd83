//! `Engine`: what every face calls.

mod data;
mod exchange;
mod server;
mod trusted;

use std::path::Path;
use std::sync::Arc;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Error as NetworkError, Identity};
use fieldcast_store::{Opened, Recovery, Store};
use tokio_util::task::AbortOnDropHandle;

pub use self::server::Account;
use crate::idle_check::{self, IdleTimes};
use crate::task::{self, Work};
use crate::{Error, Settings};

/// The device key's name in the data folder.
pub(crate) const DEVICE_KEY: &str = "device.key";
/// Setting: the fingerprint of the device key, so that its loss is noticed.
const DEVICE: &str = "device";
/// How much of a fingerprint tells a device apart.
const SHOWN_DIGITS: usize = 16;
/// Setting: what other devices show.
const DEVICE_NAME: &str = "device_name";
/// Encoded chunks kept from one start to the next; those of outdated ranges go in any case.
const CHUNK_CACHE_BYTES: u64 = 256 << 20;

/// One device's Fieldcast. Cheap to clone; its methods are to be called inside a tokio runtime.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    identity: Arc<Identity>,
    name: DeviceName,
    recovery: Option<Recovery>,
    allow_http: bool,
    _idle_check: AbortOnDropHandle<()>,
}

/// Who the device of this data folder is; `None` when it has no key yet. Opens nothing but the key.
///
/// # Errors
/// [`Error::Network`] when the key is damaged, exposed or cannot be read.
pub fn device_fingerprint(data_dir: &Path) -> Result<Option<Fingerprint>, Error> {
    Ok(Identity::load(&data_dir.join(DEVICE_KEY))?.map(|identity| identity.fingerprint()))
}

impl Engine {
    /// Opens the engine in its folder, with the device key and the database made on first use.
    ///
    /// # Errors
    /// A folder that cannot be written, is in use by another process or comes from a newer Fieldcast; a damaged key, or a
    /// missing one ([`Error::KeyMissing`]). A damaged database is no error: see [`recovery`](Self::recovery).
    pub async fn open(settings: Settings) -> Result<Self, Error> {
        let allow_http = settings.allow_http;
        let opened = task::blocking(move || {
            let Opened { store, recovery, was_killed } = Store::open(&settings.data_dir)?;
            store.trim_chunks(CHUNK_CACHE_BYTES)?;
            let key = settings.data_dir.join(DEVICE_KEY);
            let known = store.setting(DEVICE)?;
            if settings.new_identity && key.exists() {
                set_aside(&key)?;
            }
            if let Some(known) = known.as_ref().filter(|_| !key.exists() && !settings.new_identity) {
                return Err(Error::KeyMissing { path: key, device: known.chars().take(SHOWN_DIGITS).collect() });
            }
            let identity = Arc::new(match &settings.key_wrap {
                Some(wrap) => Identity::load_or_create_wrapped(&key, &**wrap)?,
                None => Identity::load_or_create(&key)?,
            });
            let device = identity.fingerprint().to_string();
            if known.as_ref() != Some(&device) {
                store.set_setting(DEVICE, &device)?;
            }
            if let Some(name) = &settings.device_name {
                store.set_setting(DEVICE_NAME, DeviceName::new(name).as_str())?;
            }
            let name = store.setting(DEVICE_NAME)?;
            let name = name.unwrap_or_else(|| format!("phone-{}", &identity.fingerprint().short()[..4]));
            let name = DeviceName::new(&name);
            Ok::<_, Error>((store, identity, name, recovery, was_killed))
        });
        let (store, identity, name, recovery, was_killed) = opened.await??;
        let check = idle_check::run(store.clone(), was_killed, IdleTimes::USUAL);
        let check = task::spawn(async {
            if let Err(error) = check.await {
                tracing::warn!(%error, "stored data is not looked at any more");
            }
        });
        let _idle_check = AbortOnDropHandle::new(check);
        Ok(Self { inner: Arc::new(Inner { store, identity, name, recovery, allow_http, _idle_check }) })
    }

    /// What became of a database that was found damaged at opening; the user should be told.
    pub fn recovery(&self) -> Option<&Recovery> {
        self.inner.recovery.as_ref()
    }

    /// What other devices show.
    pub fn name(&self) -> &DeviceName {
        &self.inner.name
    }

    /// Who this device is.
    pub fn fingerprint(&self) -> Fingerprint {
        self.inner.identity.fingerprint()
    }

    /// Calls the store where blocking is allowed.
    fn store_call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Store) -> fieldcast_store::Result<T> + Send + 'static,
    ) -> Work<Result<T, Error>> {
        store_call(&self.inner.store, call)
    }
}

/// Renames a device key to the first free `device.key.old-<n>`. Other devices trust it, and the user may want it back.
fn set_aside(key: &Path) -> Result<(), Error> {
    let free = (1_u32..).map(|n| key.with_added_extension(format!("old-{n}"))).find(|path| !path.exists());
    let renamed = free.map_or(Ok(()), |path| std::fs::rename(key, path));
    Ok(renamed.map_err(|source| NetworkError::KeyFile { path: key.to_owned(), source })?)
}

/// Calls the store where blocking is allowed.
pub(crate) fn store_call<T: Send + 'static>(
    store: &Store,
    call: impl FnOnce(&Store) -> fieldcast_store::Result<T> + Send + 'static,
) -> Work<Result<T, Error>> {
    let store = store.clone();
    let made = task::blocking(move || call(&store));
    Box::pin(async { Ok(made.await??) })
}
