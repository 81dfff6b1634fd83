//! Types that are one text or one number in Kotlin and Swift.

pub use std::net::{IpAddr, SocketAddr};
pub use std::path::PathBuf;

pub use fieldcast::{
    DeviceName, Digest as DataDigest, EntityType, Fingerprint, Json, RecordId, Sas as ComparisonCode, ServerTime,
    SignedStatement,
};

use crate::FieldcastError;

/// A number of items in memory.
pub type Count = usize;
/// An Ed25519 public key.
pub type PublicKey = [u8; 32];

uniffi::custom_type!(
    /// The identity of a device: 64 hexadecimal digits.
    Fingerprint, String, {
        remote,
        lower: |fingerprint| fingerprint.to_string(),
        try_lift: |text| text.parse().map_err(|_| not("a fingerprint: 64 hexadecimal digits are needed")),
    }
);
uniffi::custom_type!(
    /// The name of a device: at most 40 characters, without control characters.
    DeviceName, String, { remote, lower: |name| name.to_string(), try_lift: |text| Ok(DeviceName::new(&text)) }
);
uniffi::custom_type!(
    /// The sum of a dataset's record hashes. Equal data has equal digests. 64 hexadecimal digits.
    DataDigest, String, {
        remote,
        lower: |digest| digest.to_string(),
        try_lift: |text| text.parse().map_err(|_| not("a digest: 64 hexadecimal digits are needed")),
    }
);
uniffi::custom_type!(
    /// A campaign's public key: 64 hexadecimal digits.
    PublicKey, String, {
        remote,
        lower: |key| Fingerprint(key).to_string(),
        try_lift: |text| Ok(text.parse::<Fingerprint>().map_err(|_| not("a key: 64 hexadecimal digits are needed"))?.0),
    }
);
uniffi::custom_type!(
    /// The six digits that both screens show: `123 456`.
    ComparisonCode, String, {
        remote,
        lower: |code| code.to_string(),
        try_lift: |_text| Err(not("a valid input: codes are only shown")),
    }
);
uniffi::custom_type!(
    /// A DIGIT entity type: `Household`, `Task`, ...
    EntityType, String, { remote, lower: |entity| entity.to_string(), try_lift: |name| Ok(EntityType::new(&name)) }
);
uniffi::custom_type!(
    /// The `clientReferenceId` of a record.
    RecordId, String, { remote, lower: |id| id.to_string(), try_lift: |text| Ok(RecordId::parse(&text)) }
);
uniffi::custom_type!(
    /// An entity as JSON text.
    Json, String, {
        remote,
        lower: |json| json.as_str().to_owned(),
        try_lift: |text| Json::parse(&text).map_err(|error| not(&format!("JSON: {error}"))),
    }
);
uniffi::custom_type!(
    /// A time on the server's clock, in milliseconds since 1970; 0 for none.
    ServerTime, i64, { remote, lower: |time| time.0, try_lift: |ms| Ok(ServerTime(ms)) }
);
uniffi::custom_type!(
    /// A signed statement of a campaign: a `fieldcast-grant:` text.
    SignedStatement, String, {
        remote,
        lower: |signed| signed.to_text(),
        try_lift: |text| SignedStatement::from_text(&text).map_err(|error| FieldcastError::from(&error).into()),
    }
);
uniffi::custom_type!(
    /// An IP address.
    IpAddr, String, {
        remote,
        lower: |addr| addr.to_string(),
        try_lift: |text| text.parse().map_err(|_| not("an IP address")),
    }
);
uniffi::custom_type!(
    /// An IP address and port: `192.168.49.1:47000`.
    SocketAddr, String, {
        remote,
        lower: |addr| addr.to_string(),
        try_lift: |text| text.parse().map_err(|_| not("an address and port, such as 192.168.49.1:47000")),
    }
);
uniffi::custom_type!(
    /// A file or folder on this device.
    PathBuf, String, {
        remote,
        lower: |path| path.to_string_lossy().into_owned(),
        try_lift: |text| Ok(PathBuf::from(text)),
    }
);
uniffi::custom_type!(
    /// A number of items.
    Count, u64, {
        remote,
        lower: |count| count as u64,
        try_lift: |count| count.try_into().map_err(|_| not("a number that fits this device")),
    }
);

/// The error for a text with the wrong format.
fn not(what: &str) -> uniffi::deps::anyhow::Error {
    FieldcastError::unreadable(format!("this is not {what}")).into()
}
