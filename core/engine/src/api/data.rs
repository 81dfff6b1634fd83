//! The data on this device: datasets and local edits.

use fieldcast_model::{Dataset, EntityType, Fingerprint, Record, RecordId, SnapshotSummary};
use fieldcast_store::{DatasetStatus, EditSent, EditStatus, LocalEdit, RecordQuery, Store, Verified};

use super::Engine;
use crate::Error;
use crate::trust::provenance;

impl Engine {
    /// The datasets on this device.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn datasets(&self) -> Result<Vec<DatasetStatus>, Error> {
        self.store_call(Store::datasets).await
    }

    /// Removes a dataset from this device. Returns whether it existed. A dataset with unsent edits is never removed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove(&self, dataset: Dataset) -> Result<bool, Error> {
        self.store_call(move |store| store.remove_dataset(&dataset)).await
    }

    /// Undoes the last bundle that was received for a dataset. This is possible until the next download or bundle of
    /// the dataset.
    ///
    /// # Errors
    /// [`Error::Store`], with [`StoreError::NothingToUndo`](fieldcast_store::Error::NothingToUndo) if it is too late.
    pub async fn undo(&self, dataset: Dataset) -> Result<(), Error> {
        self.store_call(move |store| store.undo_bundle(&dataset)).await
    }

    /// The datasets that hold records downloaded or signed by another device. The user can remove them if the device is
    /// no longer trusted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn datasets_of(&self, device: Fingerprint) -> Result<Vec<SnapshotSummary>, Error> {
        self.store_call(move |store| provenance::datasets_of(store, &device)).await
    }

    /// Verifies one dataset and repairs what can be repaired; see [`Store::verify_dataset`].
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn verify_dataset(&self, dataset: Dataset) -> Result<Verified, Error> {
        self.store_call(move |store| store.verify_dataset(&dataset)).await
    }

    /// Verifies all stored data and repairs what can be repaired; see [`Store::verify`]. `progress` gets the number of
    /// verified datasets and the total.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn verify(&self, mut progress: impl FnMut(usize, usize) + Send + 'static) -> Result<Verified, Error> {
        self.store_call(move |store| store.verify(&mut progress)).await
    }

    /// Free bytes of the storage, and bytes that the database takes.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn storage(&self) -> Result<(u64, u64), Error> {
        self.store_call(|store| Ok((store.free_space()?, store.used_space()?))).await
    }

    /// A page of this device's records.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn records(&self, query: RecordQuery) -> Result<Vec<Record>, Error> {
        self.store_call(move |store| store.records(&query)).await
    }

    /// Stores a local edit beside the server's records until it is sent.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put_edit(&self, edit: LocalEdit) -> Result<(), Error> {
        self.store_call(move |store| store.put_edit(&edit)).await
    }

    /// All local edits that are not sent yet. An edit is a conflict if the server's version below it has changed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn edits(&self) -> Result<Vec<EditStatus>, Error> {
        self.store_call(Store::edits).await
    }

    /// Edits that may be lost since a damaged database was recovered, as type and id; an empty text means unknown.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn lost_edits(&self) -> Result<Vec<(EntityType, RecordId)>, Error> {
        self.store_call(Store::lost_edits).await
    }

    /// Confirms that the user has seen the list of possibly lost edits.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn confirm_lost_edits(&self) -> Result<(), Error> {
        self.store_call(Store::confirm_lost_edits).await
    }

    /// Resolves a conflict: the user has looked at it and keeps the edit. Returns whether the edit existed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn rebase_edit(&self, dataset: Dataset, entity: EntityType, id: RecordId) -> Result<bool, Error> {
        self.store_call(move |store| store.rebase_edit(&dataset, &entity, &id)).await
    }

    /// Removes an edit that is on the server now, but only if it still equals `sent`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn edit_sent(&self, sent: LocalEdit) -> Result<EditSent, Error> {
        self.store_call(move |store| store.edit_sent(&sent)).await
    }
}
