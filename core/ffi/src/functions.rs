//! Functions that need no open Fieldcast.

use std::path::PathBuf;

use fieldcast::{Check, DoctorSettings, Fingerprint, Interface, Invite, QrMatrix, SignedStatement};

use crate::runtime::Runtime;
use crate::{CampaignStatement, FieldcastError, InviteInfo};

/// The network interfaces of this device that other devices could reach, including loopback.
///
/// # Errors
/// None. The list is empty if the system does not report them.
#[uniffi::export]
pub fn interfaces() -> Result<Vec<Interface>, FieldcastError> {
    Ok(fieldcast::interfaces())
}

/// Checks everything that Fieldcast needs on this device, and gives advice for each problem. It changes nothing, works
/// even if opening fails, and takes a few seconds.
///
/// # Errors
/// [`FieldcastError::Internal`] if the system cannot start threads.
#[uniffi::export]
pub async fn doctor(data_dir: PathBuf, interface: Option<String>) -> Result<Vec<Check>, FieldcastError> {
    let runtime = Runtime::start(1)?;
    let settings = DoctorSettings { interface, ..DoctorSettings::new(data_dir) };
    runtime.run(async move { Ok::<_, FieldcastError>(fieldcast::doctor(settings).await) }).await
}

/// Reads an invite at the time `now` (milliseconds since 1970).
///
/// # Errors
/// [`FieldcastError::Unreadable`], [`FieldcastError::Expired`], [`FieldcastError::UpdateNeeded`].
#[uniffi::export]
pub fn parse_invite(uri: String, now: i64) -> Result<InviteInfo, FieldcastError> {
    Ok((&Invite::parse(uri.trim(), now).map_err(|error| FieldcastError::from(&error))?).into())
}

/// The QR code for a text.
///
/// # Errors
/// [`FieldcastError::Unreadable`] if the text is too long.
#[uniffi::export]
pub fn qr_matrix(text: String) -> Result<QrMatrix, FieldcastError> {
    Ok(fieldcast::qr(&text)?)
}

/// Reads a signed statement of a campaign. It does not check whether the campaign is trusted.
///
/// # Errors
/// [`FieldcastError::Unreadable`], [`FieldcastError::NotTrusted`] for a wrong signature.
#[uniffi::export]
pub fn read_statement(statement: SignedStatement) -> Result<CampaignStatement, FieldcastError> {
    Ok(fieldcast::verify_statement(&statement).map_err(|error| FieldcastError::from(&error))?.into())
}

/// Two words for a fingerprint, as in "lusab-babad", which users can read to each other. Words of two devices can be
/// equal, so they never replace the comparison code.
///
/// # Errors
/// None.
#[uniffi::export]
pub fn fingerprint_words(fingerprint: Fingerprint) -> Result<String, FieldcastError> {
    Ok(fingerprint.words())
}
