//! [`Engine`]: the API for the CLI and the SDKs.

mod data;
mod exchange;
mod server;
mod trust;

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
/// Setting: the fingerprint of the device key. It shows whether the key is missing.
const DEVICE: &str = "device";
/// How many digits of a fingerprint an error shows.
const SHOWN_DIGITS: usize = 16;
/// Setting: the name that other devices show.
const DEVICE_NAME: &str = "device_name";
/// Bytes of encoded chunks that are kept from one start to the next. Chunks of outdated ranges are always deleted.
const CHUNK_CACHE_BYTES: u64 = 256 << 20;

/// The Fieldcast engine of one device. Cheap to clone. Call its methods inside a tokio runtime.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<EngineInner>,
}

struct EngineInner {
    store: Store,
    identity: Arc<Identity>,
    name: DeviceName,
    recovery: Option<Recovery>,
    allow_http: bool,
    _idle_check: AbortOnDropHandle<()>,
}

/// The fingerprint of the device of this data folder; `None` if it has no key yet. Opens only the key file.
///
/// # Errors
/// [`Error::Network`] if the key is damaged, exposed or unreadable.
pub fn device_fingerprint(data_dir: &Path) -> Result<Option<Fingerprint>, Error> {
    Ok(Identity::load(&data_dir.join(DEVICE_KEY))?.map(|identity| identity.fingerprint()))
}

impl Engine {
    /// Opens the engine in its folder. Creates the device key and the database on first use.
    ///
    /// # Errors
    /// The folder is not writable, is in use by another process or comes from a newer Fieldcast; the key is damaged, or
    /// missing ([`Error::KeyMissing`]). A damaged database is not an error: see [`recovery`](Self::recovery).
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
        let (store, identity, name, recovery, was_killed) = opened.await?;
        let check = idle_check::run(store.clone(), was_killed, IdleTimes::USUAL);
        let check = task::spawn(async {
            if let Err(error) = check.await {
                tracing::warn!(%error, "the check of stored data has ended");
            }
        });
        let _idle_check = AbortOnDropHandle::new(check);
        Ok(Self { inner: Arc::new(EngineInner { store, identity, name, recovery, allow_http, _idle_check }) })
    }

    /// The result of the recovery, if the database was damaged when it was opened. The app should show it to the user.
    pub fn recovery(&self) -> Option<&Recovery> {
        self.inner.recovery.as_ref()
    }

    /// The name that other devices show.
    pub fn name(&self) -> &DeviceName {
        &self.inner.name
    }

    /// The fingerprint of this device.
    pub fn fingerprint(&self) -> Fingerprint {
        self.inner.identity.fingerprint()
    }

    /// Calls the store on a blocking thread.
    fn store_call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Store) -> fieldcast_store::Result<T> + Send + 'static,
    ) -> Work<Result<T, Error>> {
        task::on_store(&self.inner.store, call)
    }
}

/// Renames a device key to the first free `device.key.old-<n>`. It is not deleted, because other devices trust it and
/// the user may need it again.
fn set_aside(key: &Path) -> Result<(), Error> {
    let free = (1_u32..).map(|n| key.with_added_extension(format!("old-{n}"))).find(|path| !path.exists());
    let renamed = free.map_or(Ok(()), |path| std::fs::rename(key, path));
    Ok(renamed.map_err(|source| NetworkError::KeyFile { path: key.to_owned(), source })?)
}
