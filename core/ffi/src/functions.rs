//! What needs no open Fieldcast.

use std::path::PathBuf;

use fieldcast::{Check, DoctorSettings, Interface, Invite, QrMatrix, SignedStatement};

use crate::runtime::Runtime;
use crate::{CampaignStatement, FieldcastError, InviteInfo};

/// The networks of this device that others could be on, loopback included.
///
/// # Errors
/// None; it is empty when the system does not tell.
#[uniffi::export]
pub fn interfaces() -> Result<Vec<Interface>, FieldcastError> {
    Ok(fieldcast::interfaces())
}

/// Looks at what Fieldcast needs on this device, and says what to do where it is not there. Changes nothing, and works
/// where opening fails. Takes a few seconds.
///
/// # Errors
/// [`FieldcastError::Internal`] when the system gives no threads.
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

/// The QR code of a text.
///
/// # Errors
/// [`FieldcastError::Unreadable`] for a text that is too long.
#[uniffi::export]
pub fn qr_matrix(text: String) -> Result<QrMatrix, FieldcastError> {
    Ok(fieldcast::qr(&text)?)
}

/// What a campaign has signed; whether it is to be trusted is another question.
///
/// # Errors
/// [`FieldcastError::Unreadable`], [`FieldcastError::NotTrusted`] for a wrong signature.
#[uniffi::export]
pub fn read_statement(statement: SignedStatement) -> Result<CampaignStatement, FieldcastError> {
    Ok(fieldcast::verify_statement(&statement).map_err(|error| FieldcastError::from(&error))?.into())
}
