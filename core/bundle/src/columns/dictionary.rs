//! Writes `dictionary.bin`: what the heads of DIGIT data have in common, and no value of anybody's.

use super::encode::{bring_in_order, choose};
use super::head::Head;
use super::shred::{names, shred};

#[path = "../../tests/suite/campaign.rs"]
mod campaign;

/// Words of DIGIT's models that stand in bodies, the most frequent last.
const WORDS: &str = "BENEFICIARY_MIGRATEDBENEFICIARY_DIEDINELIGIBLEBENEFICIARY_REFERREDBENEFICIARY_ABSENTCLOSED_HOUSEHOLD\
    BENEFICIARY_REFUSEDADMINISTRATION_FAILEDNOT_ADMINISTEREDVISITEDCORRESPONDENCETRANSGENDERSTAFFFACILITYCOMMUNITY\
    UNIQUE_BENEFICIARY_IDDEFAULTOTHERFAMILYFEMALEMALEPERMANENTDELIVEREDADMINISTRATION_SUCCESS";

#[test]
#[ignore = "writes dictionary.bin, which belongs to the format"]
fn write_the_dictionary() {
    let records = campaign::campaign(99, 45);
    let names = names(&records);
    let mut shredded = shred(&records, &names).unwrap();
    bring_in_order(&mut shredded);
    let (plan, _) = choose(&shredded);
    // Without the values, which would follow here: keys, frames and how columns are coded are what heads share.
    let mut head = Head::default();
    head.schema(&shredded.schema);
    head.plan(&plan);
    let dictionary = [WORDS.as_bytes(), &head.texts, &head.lengths, &head.structure].concat();
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/columns/dictionary.bin"), dictionary).unwrap();
}
