//! What the codec is for: few bytes. `cargo xtask bench codec` has the reference figures; this keeps them from slipping.

use fieldcast_bundle::encode_chunk;

use crate::campaign::campaign;

#[test]
fn a_chunk_of_campaign_data_is_at_least_fourteen_times_smaller_than_its_json() {
    let records = campaign(7, 60);
    let json: usize = records.iter().map(|record| record.body.len()).sum();
    let bytes = encode_chunk(&records).unwrap().bytes.len();
    assert!(
        bytes * 14 <= json && bytes <= 82 * records.len(),
        "{json} B of JSON, {bytes} B, {} records",
        records.len()
    );
}
