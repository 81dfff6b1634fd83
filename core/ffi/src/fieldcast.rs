//! The root object: the server, and what this device holds.

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

/// One device's Fieldcast. Shut it down before letting go of it, or the folder may stay in use for a moment.
#[derive(uniffi::Object)]
pub struct Fieldcast {
    pub(crate) core: Arc<Core>,
}

#[uniffi::export]
impl Fieldcast {
    /// Opens Fieldcast in its folder, with the device key and the database made on first use; `ports` is what the phone does
    /// for it.
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

    /// Ends all jobs and sessions, tells the other sides, and closes everything. Nothing happens the second time.
    ///
    /// # Errors
    /// [`FieldcastError::Internal`].
    pub async fn shut_down(&self) -> Result<(), FieldcastError> {
        self.core.shut_down().await
    }

    /// This device, as others see it.
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

    /// Logs in and remembers it.
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

    /// Who is logged in, if anybody.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn account(&self) -> Result<Option<Account>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.account().await }).await
    }

    /// Forgets the login; the data stays.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn logout(&self) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.logout().await }).await
    }

    /// The account's projects, from the server.
    ///
    /// # Errors
    /// [`FieldcastError::LoginNeeded`], [`FieldcastError::Offline`], [`FieldcastError::ServerFailed`].
    pub async fn projects(&self) -> Result<Vec<Project>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.projects().await }).await
    }

    /// Chooses the project to work in by id or name; without either the one chosen before, or the only one there is.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`], and those of `projects`.
    pub async fn choose_project(&self, id_or_name: Option<String>) -> Result<Project, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.choose_project(id_or_name.as_deref()).await }).await
    }

    /// The project's boundaries from the server, each before those below it.
    ///
    /// # Errors
    /// As `projects`.
    pub async fn boundaries(&self, project: Project) -> Result<Vec<Boundary>, FieldcastError> {
        let ask = |engine: Engine| async move { engine.boundaries(&project).await.map(|tree| tree.all().to_vec()) };
        self.core.run(ask).await
    }

    /// Starts downloading leaf boundaries, given by code; over mobile data only if that is allowed.
    ///
    /// # Errors
    /// [`FieldcastError::Metered`], [`FieldcastError::ChooseAgain`], and those of `boundaries`.
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

    /// Prepares these datasets and offers them to the receivers near by. Takes seconds when much is new.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`], [`FieldcastError::NoNetwork`], [`FieldcastError::PermissionNeeded`].
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

    /// What this device holds, by dataset.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn datasets(&self) -> Result<Vec<DatasetStatus>, FieldcastError> {
        let held = self.core.run(|engine: Engine| async move { engine.datasets().await }).await?;
        Ok(held.into_iter().map(Into::into).collect())
    }

    /// Removes a dataset from this device and tells whether it was there.
    ///
    /// # Errors
    /// [`FieldcastError::UnsentEdits`], [`FieldcastError::StorageFailed`].
    pub async fn remove(&self, dataset: Dataset) -> Result<bool, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.remove(dataset).await }).await
    }

    /// Takes back the last bundle that was received for a dataset, until the next download or bundle of it.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`] if there is nothing to take back, [`FieldcastError::StorageFailed`].
    pub async fn undo(&self, dataset: Dataset) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.undo(dataset).await }).await
    }

    /// The datasets that hold records downloaded or signed by another device: to be removed if it is trusted no longer.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn datasets_of(&self, device: Fingerprint) -> Result<Vec<SnapshotSummary>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.datasets_of(device).await }).await
    }

    /// Offers that were accepted and are not saved yet, the oldest first.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn unfinished_offers(&self) -> Result<Vec<UnfinishedOffer>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.unfinished_offers().await }).await
    }

    /// Withdraws the acceptance of a sender's unfinished offers and drops what has come of them: they do not go on without a
    /// new question. A transfer that runs is cancelled.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn withdraw_offers(&self, sender: Fingerprint) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.withdraw_offers(sender).await }).await
    }

    /// Edits that are possibly lost since a damaged database was recovered; empty texts are unknown.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn lost_edits(&self) -> Result<Vec<LostEdit>, FieldcastError> {
        let lost = self.core.run(|engine: Engine| async move { engine.lost_edits().await }).await?;
        Ok(lost.into_iter().map(|(entity, id)| LostEdit { entity, id }).collect())
    }

    /// Says that the user has seen which edits are possibly lost.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn confirm_lost_edits(&self) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.confirm_lost_edits().await }).await
    }

    /// Verifies a dataset, or, if none is given, all that is stored, and repairs what can be repaired. Takes seconds for a
    /// large campaign: to show progress, verify one dataset after another.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`]: open Fieldcast anew, which recovers what it can.
    pub async fn verify(&self, dataset: Option<Dataset>) -> Result<Verified, FieldcastError> {
        let verify = |engine: Engine| async move {
            match dataset {
                Some(dataset) => engine.verify_dataset(dataset).await,
                None => engine.verify(|_, _| {}).await,
            }
        };
        self.core.run(verify).await
    }

    /// What the storage has room for.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`] when the system does not tell.
    pub async fn storage(&self) -> Result<StorageInfo, FieldcastError> {
        let (free, used) = self.core.run(|engine: Engine| async move { engine.storage().await }).await?;
        Ok(StorageInfo { free, used })
    }

    /// Records of this device, a page at a time.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn records(&self, query: RecordQuery) -> Result<Vec<StoredRecord>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.records(query).await }).await
    }

    /// Keeps what was registered or changed on this device until it was sent to the server.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFull`], [`FieldcastError::StorageFailed`].
    pub async fn put_edit(&self, edit: LocalEdit) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.put_edit(edit).await }).await
    }

    /// Every local edit that was not sent.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn edits(&self) -> Result<Vec<EditStatus>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.edits().await }).await
    }

    /// The local edits whose base has moved on: for a person to look at.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn conflicts(&self) -> Result<Vec<EditStatus>, FieldcastError> {
        Ok(self.edits().await?.into_iter().filter(|edit| edit.base_moved).collect())
    }

    /// Says that a conflict was looked at and the edit stands; tells whether there was such an edit.
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

    /// Forgets an edit because the server has it now, as long as it still is what was sent.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn edit_sent(&self, sent: LocalEdit) -> Result<EditSent, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.edit_sent(sent).await }).await
    }

    /// Writes these datasets into a bundle file, signed with this device's key. It is not encrypted.
    ///
    /// # Errors
    /// [`FieldcastError::ChooseAgain`], [`FieldcastError::FileFailed`].
    pub async fn export_bundle(&self, datasets: Vec<Dataset>, path: PathBuf) -> Result<Offer, FieldcastError> {
        Ok(self.core.run(|engine: Engine| async move { engine.export(datasets, path).await }).await?.into())
    }

    /// Reads who made a bundle file and what it holds, to ask a person before `import_bundle`.
    ///
    /// # Errors
    /// [`FieldcastError::FileFailed`].
    pub async fn inspect_bundle(&self, path: PathBuf) -> Result<BundleInfo, FieldcastError> {
        Ok(self.core.run(|engine: Engine| async move { engine.inspect(path).await }).await?.into())
    }

    /// Takes over what a bundle file holds.
    ///
    /// # Errors
    /// [`FieldcastError::FileFailed`], [`FieldcastError::Refused`], [`FieldcastError::StorageFailed`].
    pub async fn import_bundle(&self, path: PathBuf) -> Result<Imported, FieldcastError> {
        Ok(self.core.run(|engine: Engine| async move { engine.import(path).await }).await?.into())
    }
}
