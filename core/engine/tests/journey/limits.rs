//! How much one offer can hold.

use fieldcast::{Dataset, Error};
use tempfile::TempDir;

use crate::device::device;
use crate::filled::fill_villages;

#[tokio::test(flavor = "multi_thread")]
async fn names_how_many_boundaries_one_offer_can_hold() {
    let mut villages = Vec::new();
    let distributor = device("many").await.with_store(|store| villages = fill_villages(store, 300)).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("many.fcb");
    let export = async |datasets: &[Dataset]| distributor.engine.export(datasets.to_vec(), path.clone()).await;
    let Err(Error::TooManyBoundaries { most }) = export(&villages).await else { panic!("no limit") };
    assert!((200..300).contains(&most), "{most}");
    assert_eq!(export(&villages[300 - most..]).await.unwrap().snapshots.len(), most);
    assert!(export(&villages[..most + 1]).await.is_err());

    let receiver = device("receiver").await;
    receiver.engine.import(path).await.unwrap();
    assert_eq!(receiver.engine.datasets().await.unwrap().len(), most);
}
