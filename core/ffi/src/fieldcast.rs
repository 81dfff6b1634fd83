//! The root object: the server, and the data on this device.

use std::path::PathBuf;
use std::sync::Arc;

use fieldcast::{
    Account, Boundary, Dataset, EditSent, EditStatus, Engine, EntityType, LocalEdit, Project, RecordId, RecordQuery,
};

use crate::core::Core;
use crate::{
    BundleInfo, DatasetStatus, DeviceInfo, DownsyncJob, EventListener, ExchangeOptions, FieldcastError, Fingerprint,
    Imported, LostEdit, Offer, OfferSession, OpenSettings, PlatformPorts, ReceiveSession, SnapshotSummary, StorageInfo,
    StoredRecord, UnfinishedOffer, Verified,
};

/// Fieldcast on one device. Call `shut_down` before you release this object; otherwise the folder may stay in use for a
/// moment.
#[derive(uniffi::Object)]
pub struct Fieldcast {
    pub(crate) core: Arc<Core>,
}

#[uniffi::export]
impl Fieldcast {
    /// Opens Fieldcast in its folder. On first use it creates the device key and the database. `ports` are the phone's
    /// services for Fieldcast.
    ///
    /// # Errors
    /// [`FieldcastError::InUse`], [`FieldcastError::StorageFailed`], [`FieldcastError::StorageFull`],
    /// [`FieldcastError::KeyFailed`], [`FieldcastError::UpdateNeeded`].
    #[uniffi::constructor]
    pub async fn open(
        settings: OpenSettings,
        ports: PlatformPorts,
        listener: Arc<dyn EventListener>,
    ) -> Result<Arc<Self>, FieldcastError> {
        Ok(Arc::new(Self { core: Core::open(settings, ports, listener).await? }))
    }

    /// Ends all jobs and sessions, notifies the other devices, and closes everything. A second call has no effect.
    ///
    /// # Errors
    /// [`FieldcastError::Internal`].
    pub async fn shut_down(&self) -> Result<(), FieldcastError> {
        self.core.shut_down().await
    }

    /// This device, as other devices see it.
    ///
    /// # Errors
    /// [`FieldcastError::ShutDown`].
    pub fn device(&self) -> Result<DeviceInfo, FieldcastError> {
        let engine = self.core.engine()?;
        Ok(DeviceInfo {
            name: engine.name().clone(),
            fingerprint: engine.fingerprint(),
            recovery: engine.recovery().cloned(),
        })
    }

    /// Logs in and stores the login.
    ///
    /// # Errors
    /// [`FieldcastError::WrongCredentials`], [`FieldcastError::Offline`], [`FieldcastError::ServerFailed`].
    pub async fn login(
        &self,
        server: String,
        tenant: String,
        user: String,
        password: String,
    ) -> Result<Account, FieldcastError> {
        self.core.run(|engine| async move { engine.login(&server, &tenant, &user, &password).await }).await
    }

    /// The logged-in account, if any.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn account(&self) -> Result<Option<Account>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.account().await }).await
    }

    /// Removes the login. The data is kept.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn logout(&self) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.logout().await }).await
    }

    /// The projects of the account, from the server.
    ///
    /// # Errors
    /// [`FieldcastError::LoginNeeded`], [`FieldcastError::Offline`], [`FieldcastError::ServerFailed`].
    pub async fn projects(&self) -> Result<Vec<Project>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.projects().await }).await
    }

    /// Selects the project to work in, by ID or name. Without either, uses the previous selection or the only project.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`], and the errors of `projects`.
    pub async fn choose_project(&self, id_or_name: Option<String>) -> Result<Project, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.choose_project(id_or_name.as_deref()).await }).await
    }

    /// The boundaries of the project, from the server. Each boundary comes before its children.
    ///
    /// # Errors
    /// The errors of `projects`.
    pub async fn boundaries(&self, project: Project) -> Result<Vec<Boundary>, FieldcastError> {
        let ask = |engine: Engine| async move { engine.boundaries(&project).await.map(|tree| tree.all().to_vec()) };
        self.core.run(ask).await
    }

    /// Starts to download the leaf boundaries with these codes. Uses mobile data only if `allow_metered` is set.
    ///
    /// # Errors
    /// [`FieldcastError::Metered`], [`FieldcastError::ChooseAgain`], and the errors of `boundaries`.
    pub async fn start_downsync(
        &self,
        project: Project,
        boundaries: Vec<String>,
        allow_metered: bool,
    ) -> Result<Arc<DownsyncJob>, FieldcastError> {
        if !allow_metered {
            self.core.refuse_metered().await?;
        }
        DownsyncJob::start(self.core.clone(), project, boundaries).await
    }

    /// Prepares these datasets and offers them to nearby receivers. Takes several seconds for a large amount of new
    /// data.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`], [`FieldcastError::TooManyBoundaries`], [`FieldcastError::NoNetwork`],
    /// [`FieldcastError::PermissionNeeded`].
    pub async fn start_offer(
        &self,
        datasets: Vec<Dataset>,
        options: ExchangeOptions,
    ) -> Result<Arc<OfferSession>, FieldcastError> {
        OfferSession::start(self.core.clone(), datasets, options).await
    }

    /// Announces this device and waits for distributors.
    ///
    /// # Errors
    /// [`FieldcastError::NoNetwork`], [`FieldcastError::PermissionNeeded`], [`FieldcastError::ConnectionFailed`].
    pub async fn start_receive(&self, options: ExchangeOptions) -> Result<Arc<ReceiveSession>, FieldcastError> {
        ReceiveSession::start(self.core.clone(), options).await
    }

    /// The datasets on this device.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn datasets(&self) -> Result<Vec<DatasetStatus>, FieldcastError> {
        let held = self.core.run(|engine: Engine| async move { engine.datasets().await }).await?;
        Ok(held.into_iter().map(Into::into).collect())
    }

    /// Removes a dataset from this device. Returns whether it existed.
    ///
    /// # Errors
    /// [`FieldcastError::UnsentEdits`], [`FieldcastError::StorageFailed`].
    pub async fn remove(&self, dataset: Dataset) -> Result<bool, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.remove(dataset).await }).await
    }

    /// Undoes the last received bundle of a dataset. Possible until the next download or bundle of that dataset.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`] if there is nothing to undo, [`FieldcastError::StorageFailed`].
    pub async fn undo(&self, dataset: Dataset) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.undo(dataset).await }).await
    }

    /// The datasets with records that another device downloaded or signed. Remove them if that device is no longer
    /// trusted.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn datasets_of(&self, device: Fingerprint) -> Result<Vec<SnapshotSummary>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.datasets_of(device).await }).await
    }

    /// Accepted offers that are not saved yet, oldest first.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn unfinished_offers(&self) -> Result<Vec<UnfinishedOffer>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.unfinished_offers().await }).await
    }

    /// Withdraws the acceptance of a sender's unfinished offers and deletes their staged data. They then need a new
    /// question. A running transfer is cancelled.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn withdraw_offers(&self, sender: Fingerprint) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.withdraw_offers(sender).await }).await
    }

    /// Edits that may be lost since a damaged database was recovered. Unknown values are empty texts.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn lost_edits(&self) -> Result<Vec<LostEdit>, FieldcastError> {
        let lost = self.core.run(|engine: Engine| async move { engine.lost_edits().await }).await?;
        Ok(lost.into_iter().map(|(entity, id)| LostEdit { entity, id }).collect())
    }

    /// Records that the user has seen the list of possibly lost edits.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn confirm_lost_edits(&self) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.confirm_lost_edits().await }).await
    }

    /// Verifies a dataset, or all stored data if none is given, and repairs it as far as possible. Takes seconds for a
    /// large campaign: to show progress, verify the datasets one after another.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`]: open Fieldcast again, which recovers as much as possible.
    pub async fn verify(&self, dataset: Option<Dataset>) -> Result<Verified, FieldcastError> {
        let verify = |engine: Engine| async move {
            match dataset {
                Some(dataset) => engine.verify_dataset(dataset).await,
                None => engine.verify(|_, _| {}).await,
            }
        };
        self.core.run(verify).await
    }

    /// Free and used storage.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`] if the system does not report it.
    pub async fn storage(&self) -> Result<StorageInfo, FieldcastError> {
        let (free, used) = self.core.run(|engine: Engine| async move { engine.storage().await }).await?;
        Ok(StorageInfo { free, used })
    }

    /// Records on this device, one page at a time.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn records(&self, query: RecordQuery) -> Result<Vec<StoredRecord>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.records(query).await }).await
    }

    /// Stores a local registration or change until it is sent to the server.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFull`], [`FieldcastError::StorageFailed`].
    pub async fn put_edit(&self, edit: LocalEdit) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.put_edit(edit).await }).await
    }

    /// All local edits that were not sent.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn edits(&self) -> Result<Vec<EditStatus>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.edits().await }).await
    }

    /// The local edits whose base record has changed. A user must review them.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn conflicts(&self) -> Result<Vec<EditStatus>, FieldcastError> {
        Ok(self.edits().await?.into_iter().filter(|edit| edit.base_moved).collect())
    }

    /// Records that the user has reviewed a conflict and keeps the edit. Returns whether the edit existed.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn rebase_edit(
        &self,
        dataset: Dataset,
        entity: EntityType,
        id: RecordId,
    ) -> Result<bool, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.rebase_edit(dataset, entity, id).await }).await
    }

    /// Removes an edit after the server has it, if the edit has not changed since it was sent.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn edit_sent(&self, sent: LocalEdit) -> Result<EditSent, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.edit_sent(sent).await }).await
    }

    /// Writes these datasets to a bundle file, signed with this device's key. The file is not encrypted.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`], [`FieldcastError::FileFailed`].
    pub async fn export_bundle(&self, datasets: Vec<Dataset>, path: PathBuf) -> Result<Offer, FieldcastError> {
        Ok(self.core.run(|engine: Engine| async move { engine.export(datasets, path).await }).await?.into())
    }

    /// Reads the signer and the contents of a bundle file, to ask the user before `import_bundle`.
    ///
    /// # Errors
    /// [`FieldcastError::FileFailed`].
    pub async fn inspect_bundle(&self, path: PathBuf) -> Result<BundleInfo, FieldcastError> {
        Ok(self.core.run(|engine: Engine| async move { engine.inspect(path).await }).await?.into())
    }

    /// Imports the data of a bundle file.
    ///
    /// # Errors
    /// [`FieldcastError::FileFailed`], [`FieldcastError::Refused`], [`FieldcastError::StorageFailed`].
    pub async fn import_bundle(&self, path: PathBuf) -> Result<Imported, FieldcastError> {
        Ok(self.core.run(|engine: Engine| async move { engine.import(path).await }).await?.into())
    }
}
