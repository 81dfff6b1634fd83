//! Writes `dictionary.bin`: the structure that heads of DIGIT data share. It contains no real data values.

use super::encode::{bring_in_order, choose};
use super::head::Head;
use super::shred::{names, shred};

#[path = "../../tests/suite/campaign.rs"]
mod campaign;

/// Constants of the DIGIT models that occur in bodies, the most frequent last.
const VALUES: &str = "BENEFICIARY_MIGRATEDBENEFICIARY_DIEDINELIGIBLEBENEFICIARY_REFERREDBENEFICIARY_ABSENTCLOSED_HOUSEHOLD\
    BENEFICIARY_REFUSEDADMINISTRATION_FAILEDNOT_ADMINISTEREDVISITEDCORRESPONDENCETRANSGENDERSTAFFFACILITYCOMMUNITY\
    UNIQUE_BENEFICIARY_IDDEFAULTOTHERFAMILYFEMALEMALEPERMANENTDELIVEREDADMINISTRATION_SUCCESS";

#[test]
#[ignore = "writes dictionary.bin, which belongs to the format"]
fn writes_dictionary_file() {
    let records = campaign::campaign(99, 45);
    let names = names(&records);
    let mut shredded = shred(&records, &names).unwrap();
    bring_in_order(&mut shredded);
    let (plan, _) = choose(&shredded);
    // The values of the head would follow here. They are left out because heads share only keys, templates and coding
    // plans.
    let mut head = Head::default();
    head.schema(&shredded.schema);
    head.plan(&plan);
    let dictionary = [VALUES.as_bytes(), &head.texts, &head.lengths, &head.structure].concat();
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/columns/dictionary.bin"), dictionary).unwrap();
}
