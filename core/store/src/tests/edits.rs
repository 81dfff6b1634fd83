//! Local edits are stored beside the server's records, and received data never changes them.

use fieldcast_model::{EntityType, Json, RecordId};

use super::{apply, fresh, household, village};
use crate::{EditSent, Error, LocalEdit};

fn edit(id: &str, text: &str) -> LocalEdit {
    LocalEdit {
        dataset: village("a"),
        entity: EntityType::new("Household"),
        id: RecordId::parse(id),
        root: RecordId::parse(id),
        deleted: false,
        body: Json::parse(&format!(r#"{{"note":"{text}"}}"#)).unwrap(),
        edited_at: 5,
    }
}

#[test]
fn keeps_edits_and_digests_independent() {
    let it = fresh();
    let before = apply(&it.store, &village("a"), &[household("h1", 1, 10)]).summary;
    it.store.put_edit(&edit("h1", "mine")).unwrap();
    assert_eq!(it.store.summary(&village("a")).unwrap(), Some(before));

    apply(&it.store, &village("a"), &[household("h1", 2, 20), household("h2", 1, 1)]);
    let edits = it.store.edits().unwrap();
    assert_eq!(edits.len(), 1);
    assert_eq!(edits[0].edit, edit("h1", "mine"));
}

#[test]
fn reports_conflict_until_edit_is_rebased() {
    let it = fresh();
    apply(&it.store, &village("a"), &[household("h1", 1, 10)]);
    it.store.put_edit(&edit("h1", "mine")).unwrap();
    it.store.put_edit(&edit("new", "registered here")).unwrap();
    let moved = || it.store.edits().unwrap().iter().map(|status| status.base_moved).collect::<Vec<_>>();
    assert_eq!(moved(), [false, false]);

    apply(&it.store, &village("a"), &[household("h1", 2, 20)]);
    assert_eq!(moved(), [true, false]);
    it.store.put_edit(&edit("h1", "mine, again")).unwrap();
    assert_eq!(moved(), [true, false], "a second edit does not hide the conflict");
    let (entity, id) = (EntityType::new("Household"), RecordId::parse("h1"));
    assert!(it.store.rebase_edit(&village("a"), &entity, &id).unwrap());
    assert_eq!(moved(), [false, false]);

    let sent = |edit: &LocalEdit| it.store.edit_sent(edit).unwrap();
    assert_eq!(sent(&edit("h1", "mine")), EditSent::ChangedSince, "the record was edited again during the upload");
    assert_eq!(it.store.edits().unwrap().len(), 2);
    assert_eq!(sent(&edit("h1", "mine, again")), EditSent::Forgotten);
    assert_eq!(sent(&edit("h1", "mine, again")), EditSent::Unknown);
    assert_eq!(it.store.edits().unwrap().len(), 1);
}

#[test]
fn refuses_to_remove_dataset_with_edits() {
    let it = fresh();
    apply(&it.store, &village("a"), &[household("h1", 1, 10)]);
    it.store.put_edit(&edit("h1", "mine")).unwrap();
    assert!(matches!(it.store.remove_dataset(&village("a")), Err(Error::UnsentEdits { edits: 1 })));
    let mine = edit("h1", "mine");
    assert_eq!(it.store.edit_sent(&mine).unwrap(), EditSent::Forgotten);
    assert!(it.store.remove_dataset(&village("a")).unwrap());
    assert_eq!(it.store.summary(&village("a")).unwrap(), None);
}
