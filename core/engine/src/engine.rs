//! `Engine`: what every face calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldcast_downsync::{BoundaryTree, Client, Project, ServerConfig, Session};
use fieldcast_model::{Dataset, DeviceName, EntityType, Fingerprint, Record, RecordId};
use fieldcast_net::{Identity, Interface};
use fieldcast_store::{
    Campaign, DatasetStatus, EditSent, EditStatus, KnownPeer, LocalEdit, Login, Opened, Reach, RecordQuery, Store,
};
use fieldcast_wire::{SignedStatement, Statement};

use crate::bundle_file::{self, BundleInfo, Imported};
use crate::downsync_job::Order;
use crate::grants::{self, Policy};
use crate::history::{self, PastExchange};
use crate::offer::Bundle;
use crate::origins::Maker;
use crate::{DownsyncJob, Error, ExchangeSettings, Offer, OfferSession, ReceiveSession, Settings, clock};

/// The device key's name in the data folder.
pub(crate) const DEVICE_KEY: &str = "device.key";
/// Setting: what other devices show.
const DEVICE_NAME: &str = "device_name";
/// Encoded chunks kept from one start to the next; those of outdated ranges go in any case.
const CHUNK_CACHE_BYTES: u64 = 256 << 20;
/// Setting: the id of the chosen project.
const PROJECT: &str = "project";

/// One device's Fieldcast. Cheap to clone; its methods are to be called inside a tokio runtime.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    identity: Arc<Identity>,
    name: DeviceName,
    moved_aside: Option<PathBuf>,
    allow_http: bool,
}

/// Who the device of this data folder is; `None` when it has no key yet. Opens nothing but the key.
///
/// # Errors
/// [`Error::Network`] when the key is damaged, exposed or cannot be read.
pub fn device_fingerprint(data_dir: &Path) -> Result<Option<Fingerprint>, Error> {
    Ok(Identity::load(&data_dir.join(DEVICE_KEY))?.map(|identity| identity.fingerprint()))
}

/// Who waits for the server: a person wants to hear soon that it is off, a download should outlast a weak signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Person,
    Job,
}

/// Who is logged in where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Base URL of the server.
    pub server: String,
    /// DIGIT tenant.
    pub tenant: String,
    /// The user's name for people, or the login name.
    pub name: String,
    /// Codes of the user's roles.
    pub roles: Vec<String>,
}

impl Engine {
    /// Opens the engine in its folder, with the device key and the database made on first use.
    ///
    /// # Errors
    /// A folder that cannot be written, is in use by another process or comes from a newer Fieldcast; a damaged key. A
    /// damaged database is no error: see [`moved_aside`](Self::moved_aside).
    pub async fn open(settings: Settings) -> Result<Self, Error> {
        let inner = tokio::task::spawn_blocking(move || {
            let Opened { store, moved_aside } = Store::open(&settings.data_dir)?;
            store.trim_chunks(CHUNK_CACHE_BYTES)?;
            let key = settings.data_dir.join(DEVICE_KEY);
            let identity = Arc::new(match &settings.key_wrap {
                Some(wrap) => Identity::load_or_create_wrapped(&key, &**wrap)?,
                None => Identity::load_or_create(&key)?,
            });
            if let Some(name) = &settings.device_name {
                store.set_setting(DEVICE_NAME, DeviceName::new(name).as_str())?;
            }
            let name = store.setting(DEVICE_NAME)?;
            let name = name.unwrap_or_else(|| format!("phone-{}", &identity.fingerprint().short()[..4]));
            let name = DeviceName::new(&name);
            Ok::<_, Error>(Inner { store, identity, name, moved_aside, allow_http: settings.allow_http })
        });
        Ok(Self { inner: Arc::new(inner.await??) })
    }

    /// Where a damaged database was moved at opening. The store is then empty, and people should be told.
    pub fn moved_aside(&self) -> Option<&Path> {
        self.inner.moved_aside.as_deref()
    }

    /// What other devices show.
    pub fn name(&self) -> &DeviceName {
        &self.inner.name
    }

    /// Who this device is.
    pub fn fingerprint(&self) -> Fingerprint {
        self.inner.identity.fingerprint()
    }

    /// Logs in and remembers it.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn login(&self, server: &str, tenant: &str, user: &str, password: &str) -> Result<Account, Error> {
        let session = self.client(server, tenant, Patience::Person)?.login(user, password).await?;
        let login = Login {
            server: server.to_owned(),
            tenant: tenant.to_owned(),
            session: serde_json::to_string(&session).map_err(|error| Error::Task(error.to_string()))?,
        };
        let account = account(&login, &session);
        store_call(&self.inner.store, move |store| store.save_login(&login)).await?;
        Ok(account)
    }

    /// Who is logged in, if anybody.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn account(&self) -> Result<Option<Account>, Error> {
        match self.session().await {
            Ok((login, session)) => Ok(Some(account(&login, &session))),
            Err(Error::NotLoggedIn) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets the login; the data stays.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn logout(&self) -> Result<(), Error> {
        store_call(&self.inner.store, Store::forget_login).await
    }

    /// The account's projects, from the server.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Server`].
    pub async fn projects(&self) -> Result<Vec<Project>, Error> {
        let (login, session) = self.session().await?;
        Ok(self.client(&login.server, &login.tenant, Patience::Person)?.projects(&session).await?)
    }

    /// Chooses the project to work in by id or name; `None` takes the one chosen before, or the only one there is.
    ///
    /// # Errors
    /// [`Error::NoSuchProject`], and those of [`projects`](Self::projects).
    pub async fn choose_project(&self, id_or_name: Option<&str>) -> Result<Project, Error> {
        let projects = self.projects().await?;
        let before = store_call(&self.inner.store, |store| store.setting(PROJECT)).await?;
        let wanted = |project: &&Project| match id_or_name {
            Some(wanted) => project.id == wanted || project.name == wanted,
            None => projects.len() == 1 || Some(&project.id) == before.as_ref(),
        };
        let Some(project) = projects.iter().find(wanted).cloned() else {
            let known: Vec<_> = projects.iter().map(|project| format!("{} ({})", project.name, project.id)).collect();
            return Err(Error::NoSuchProject { known: known.join(", ") });
        };
        let id = project.id.clone();
        store_call(&self.inner.store, move |store| store.set_setting(PROJECT, &id)).await?;
        Ok(project)
    }

    /// The project's boundaries, from the server.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Server`].
    pub async fn boundaries(&self, project: &Project) -> Result<BoundaryTree, Error> {
        let (login, session) = self.session().await?;
        Ok(self.client(&login.server, &login.tenant, Patience::Person)?.boundaries(&session, project).await?)
    }

    /// Starts downloading leaf boundaries, given by code.
    ///
    /// # Errors
    /// [`Error::NoSuchBoundary`], and those of [`boundaries`](Self::boundaries).
    pub async fn downsync(&self, project: Project, codes: &[String]) -> Result<DownsyncJob, Error> {
        let tree = self.boundaries(&project).await?;
        let find = |code: &String| match tree.find(code).filter(|boundary| boundary.leaf) {
            Some(boundary) => Ok((boundary.code.clone(), boundary.name.clone())),
            None => Err(Error::NoSuchBoundary { code: code.clone() }),
        };
        let boundaries = codes.iter().map(find).collect::<Result<_, _>>()?;
        let (login, session) = self.session().await?;
        let client = self.client(&login.server, &login.tenant, Patience::Job)?;
        let order = Order { client, server: login.server, session, project, tenant: login.tenant, boundaries };
        Ok(DownsyncJob::start(self.inner.store.clone(), order))
    }

    /// What this device holds, by dataset.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn datasets(&self) -> Result<Vec<DatasetStatus>, Error> {
        store_call(&self.inner.store, Store::datasets).await
    }

    /// Removes a dataset from this device and tells whether it was there. Never one with unsent edits.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove(&self, dataset: Dataset) -> Result<bool, Error> {
        store_call(&self.inner.store, move |store| store.remove_dataset(&dataset)).await
    }

    /// Bytes of the storage that are free, and bytes the database takes.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn storage(&self) -> Result<(u64, u64), Error> {
        store_call(&self.inner.store, |store| Ok((store.free_space()?, store.used_space()?))).await
    }

    /// Records of this device, a page at a time.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn records(&self, query: RecordQuery) -> Result<Vec<Record>, Error> {
        store_call(&self.inner.store, move |store| store.records(&query)).await
    }

    /// Keeps what was registered or changed on this device, beside the server's records, until it was sent.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put_edit(&self, edit: LocalEdit) -> Result<(), Error> {
        store_call(&self.inner.store, move |store| store.put_edit(&edit)).await
    }

    /// Every local edit that was not sent; those whose base has moved on are conflicts.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn edits(&self) -> Result<Vec<EditStatus>, Error> {
        store_call(&self.inner.store, Store::edits).await
    }

    /// Says that a conflict was looked at and the edit stands. Tells whether there was such an edit.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn rebase_edit(&self, dataset: Dataset, entity: EntityType, id: RecordId) -> Result<bool, Error> {
        store_call(&self.inner.store, move |store| store.rebase_edit(&dataset, &entity, &id)).await
    }

    /// Forgets an edit because the server has it now, as long as it still is what was `sent`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn edit_sent(&self, sent: LocalEdit) -> Result<EditSent, Error> {
        store_call(&self.inner.store, move |store| store.edit_sent(&sent)).await
    }

    /// Devices whose code was compared, and is not shown again.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn known_peers(&self) -> Result<Vec<KnownPeer>, Error> {
        store_call(&self.inner.store, Store::known_peers).await
    }

    /// Forgets a known device, whose code will be compared anew; tells whether it was known.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_peer(&self, fingerprint: Fingerprint) -> Result<bool, Error> {
        store_call(&self.inner.store, move |store| store.forget_peer(&fingerprint)).await
    }

    /// Trusts a campaign's key to say who may distribute and receive what, until it is forgotten.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn trust_campaign(&self, key: [u8; 32], name: &str) -> Result<(), Error> {
        let (name, since) = (DeviceName::new(name), clock::now());
        store_call(&self.inner.store, move |store| store.trust_campaign(&key, name.as_str(), since)).await
    }

    /// The campaigns that are trusted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn campaigns(&self) -> Result<Vec<Campaign>, Error> {
        store_call(&self.inner.store, Store::campaigns).await
    }

    /// Trusts a campaign no more; its grants to this device go with it. Tells whether it was trusted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_campaign(&self, key: [u8; 32]) -> Result<bool, Error> {
        store_call(&self.inner.store, move |store| store.forget_campaign(&key)).await
    }

    /// Keeps what a trusted campaign says: a grant to this device, or a list of revoked devices.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::UnknownCampaign`], [`Error::GrantOfAnother`], [`Error::Store`].
    pub async fn keep_statement(&self, signed: SignedStatement) -> Result<Statement, Error> {
        let (store, device) = (self.inner.store.clone(), self.fingerprint());
        tokio::task::spawn_blocking(move || grants::keep(&store, device, &signed)).await?
    }

    /// What was granted to this device, expired or not, with its signature.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn held_grants(&self) -> Result<Vec<SignedStatement>, Error> {
        let held = store_call(&self.inner.store, Store::held_grants).await?;
        Ok(held.iter().filter_map(|text| SignedStatement::from_text(text).ok()).collect())
    }

    /// What a device without a grant may do here.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn policy(&self) -> Result<Policy, Error> {
        let store = self.inner.store.clone();
        tokio::task::spawn_blocking(move || grants::policy(&store)).await?
    }

    /// Sets what a device without a grant may do here.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn set_policy(&self, policy: Policy) -> Result<(), Error> {
        let store = self.inner.store.clone();
        tokio::task::spawn_blocking(move || grants::set_policy(&store, policy)).await?
    }

    /// The newest exchanges of this device that are over, the newest first; receipts are verified anew.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn history(&self, limit: usize) -> Result<Vec<PastExchange>, Error> {
        let own = self.inner.identity.clone();
        let check = move |store: &Store| {
            let exchanges = store.exchanges(limit)?;
            Ok(exchanges.into_iter().map(|exchange| history::check(&own, exchange)).collect())
        };
        store_call(&self.inner.store, check).await
    }

    /// For each dataset this device has sent: how many devices have saved its present version.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn coverage(&self) -> Result<Vec<Reach>, Error> {
        store_call(&self.inner.store, Store::reach).await
    }

    /// How exchanges behave unless told otherwise.
    pub fn exchange_settings(&self) -> ExchangeSettings {
        ExchangeSettings::new(self.inner.name.clone())
    }

    /// Prepares these datasets and offers them to receivers on the interface, who may also call in. Takes seconds when
    /// much is new.
    ///
    /// # Errors
    /// [`Error::NothingToSend`], [`Error::NotDownloaded`], [`Error::Network`].
    pub async fn offer(
        &self,
        datasets: Vec<Dataset>,
        interface: Interface,
        settings: ExchangeSettings,
    ) -> Result<OfferSession, Error> {
        let (store, identity, name) = (self.inner.store.clone(), self.inner.identity.clone(), settings.name.clone());
        let prepare = move || {
            let maker = Maker { identity: &identity, name: &name };
            Bundle::prepare(store, &datasets, maker)
        };
        let bundle = tokio::task::spawn_blocking(prepare).await??;
        OfferSession::start(settings, self.inner.identity.clone(), interface, bundle).await
    }

    /// Writes these datasets into a bundle file, signed with this device's key.
    ///
    /// # Errors
    /// As [`offer`](Self::offer), and [`Error::File`].
    pub async fn export(&self, datasets: Vec<Dataset>, path: PathBuf) -> Result<Offer, Error> {
        let Inner { store, identity, name, .. } = &*self.inner;
        let (store, identity, name) = (store.clone(), identity.clone(), name.clone());
        let export = move || {
            let maker = Maker { identity: &identity, name: &name };
            bundle_file::export(store, maker, &datasets, &path)
        };
        tokio::task::spawn_blocking(export).await?
    }

    /// Reads who made a bundle file and what it holds, to ask a person before [`import`](Self::import).
    ///
    /// # Errors
    /// [`Error::File`].
    pub async fn inspect(&self, path: PathBuf) -> Result<BundleInfo, Error> {
        let (store, own) = (self.inner.store.clone(), self.fingerprint());
        tokio::task::spawn_blocking(move || bundle_file::inspect(&store, own, &path)).await?
    }

    /// Takes over what a bundle file holds. An import that was interrupted goes on where it was.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Refused`], [`Error::Store`]; each dataset is then as it was or complete.
    pub async fn import(&self, path: PathBuf) -> Result<Imported, Error> {
        let (store, own) = (self.inner.store.clone(), self.fingerprint());
        tokio::task::spawn_blocking(move || bundle_file::import(&store, own, &path)).await?
    }

    /// Announces this device on the interface and waits for distributors. Port 0 means any free one.
    ///
    /// # Errors
    /// [`Error::Network`].
    pub async fn receive(
        &self,
        interface: &Interface,
        port: u16,
        settings: ExchangeSettings,
    ) -> Result<ReceiveSession, Error> {
        let (store, identity) = (self.inner.store.clone(), self.inner.identity.clone());
        ReceiveSession::start(settings, store, identity, interface, port).await
    }

    fn client(&self, server: &str, tenant: &str, patience: Patience) -> Result<Client, Error> {
        let mut config = ServerConfig { allow_http: self.inner.allow_http, ..ServerConfig::new(server, tenant) };
        if patience == Patience::Person {
            config.retry.attempts = 2;
        }
        Ok(Client::new(config)?)
    }

    async fn session(&self) -> Result<(Login, Session), Error> {
        let login = store_call(&self.inner.store, Store::login).await?.ok_or(Error::NotLoggedIn)?;
        // A session of another version of Fieldcast is as good as none.
        let session = serde_json::from_str(&login.session).map_err(|_| Error::NotLoggedIn)?;
        Ok((login, session))
    }
}

/// Calls the store where blocking is allowed.
pub(crate) async fn store_call<T: Send + 'static>(
    store: &Store,
    call: impl FnOnce(&Store) -> fieldcast_store::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let store = store.clone();
    Ok(tokio::task::spawn_blocking(move || call(&store)).await??)
}

fn account(login: &Login, session: &Session) -> Account {
    let name = if session.name.is_empty() { &session.user_name } else { &session.name };
    Account {
        server: login.server.clone(),
        tenant: login.tenant.clone(),
        name: name.clone(),
        roles: session.roles.iter().map(|role| role.code.clone()).collect(),
    }
}
