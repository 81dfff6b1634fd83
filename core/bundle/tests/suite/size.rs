//! The compression ratio of the codec. `cargo xtask bench codec` prints the reference figures; this test detects a
//! loss.

use fieldcast_bundle::encode_chunk;

use crate::campaign::campaign;

#[test]
fn compresses_campaign_data_fourteen_times() {
    let records = campaign(7, 60);
    let json: usize = records.iter().map(|record| record.body.len()).sum();
    let bytes = encode_chunk(&records).unwrap().bytes.len();
    assert!(
        bytes * 14 <= json && bytes <= 82 * records.len(),
        "{json} B of JSON, {bytes} B, {} records",
        records.len()
    );
}
