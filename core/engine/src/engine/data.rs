//! What this device holds, and what was registered or changed on it.

use fieldcast_model::{Dataset, EntityType, Fingerprint, Record, RecordId, SnapshotSummary};
use fieldcast_store::{DatasetStatus, EditSent, EditStatus, LocalEdit, RecordQuery, Store, Verified};

use super::Engine;
use crate::{Error, origins};

impl Engine {
    /// What this device holds, by dataset.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn datasets(&self) -> Result<Vec<DatasetStatus>, Error> {
        self.store_call(Store::datasets).await
    }

    /// Removes a dataset from this device and tells whether it was there. Never one with unsent edits.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove(&self, dataset: Dataset) -> Result<bool, Error> {
        self.store_call(move |store| store.remove_dataset(&dataset)).await
    }

    /// Takes back the last bundle that was received for a dataset, until the next download or bundle of it.
    ///
    /// # Errors
    /// [`Error::Store`], with [`StoreError::NothingToUndo`](fieldcast_store::Error::NothingToUndo) if it is too late.
    pub async fn undo(&self, dataset: Dataset) -> Result<(), Error> {
        self.store_call(move |store| store.undo_bundle(&dataset)).await
    }

    /// The datasets that hold records downloaded or signed by another device, to be removed if it is trusted no longer.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn datasets_of(&self, device: Fingerprint) -> Result<Vec<SnapshotSummary>, Error> {
        self.store_call(move |store| origins::datasets_of(store, &device)).await
    }

    /// Verifies one dataset and repairs what can be repaired; see [`Store::verify_dataset`].
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn verify_dataset(&self, dataset: Dataset) -> Result<Verified, Error> {
        self.store_call(move |store| store.verify_dataset(&dataset)).await
    }

    /// Verifies all that is stored and repairs what can be repaired; see [`Store::verify`]. `told` hears how many datasets of
    /// how many are done.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn verify(&self, mut told: impl FnMut(usize, usize) + Send + 'static) -> Result<Verified, Error> {
        self.store_call(move |store| store.verify(&mut told)).await
    }

    /// Bytes of the storage that are free, and bytes the database takes.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn storage(&self) -> Result<(u64, u64), Error> {
        self.store_call(|store| Ok((store.free_space()?, store.used_space()?))).await
    }

    /// Records of this device, a page at a time.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn records(&self, query: RecordQuery) -> Result<Vec<Record>, Error> {
        self.store_call(move |store| store.records(&query)).await
    }

    /// Keeps what was registered or changed on this device, beside the server's records, until it was sent.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put_edit(&self, edit: LocalEdit) -> Result<(), Error> {
        self.store_call(move |store| store.put_edit(&edit)).await
    }

    /// Every local edit that was not sent; those whose base has moved on are conflicts.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn edits(&self) -> Result<Vec<EditStatus>, Error> {
        self.store_call(Store::edits).await
    }

    /// Edits that are possibly lost since a damaged database was recovered, as type and id; empty texts are unknown.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn lost_edits(&self) -> Result<Vec<(EntityType, RecordId)>, Error> {
        self.store_call(Store::lost_edits).await
    }

    /// Says that the user has seen which edits are possibly lost.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn confirm_lost_edits(&self) -> Result<(), Error> {
        self.store_call(Store::confirm_lost_edits).await
    }

    /// Says that a conflict was looked at and the edit stands. Tells whether there was such an edit.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn rebase_edit(&self, dataset: Dataset, entity: EntityType, id: RecordId) -> Result<bool, Error> {
        self.store_call(move |store| store.rebase_edit(&dataset, &entity, &id)).await
    }

    /// Forgets an edit because the server has it now, as long as it still is what was `sent`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn edit_sent(&self, sent: LocalEdit) -> Result<EditSent, Error> {
        self.store_call(move |store| store.edit_sent(&sent)).await
    }
}
