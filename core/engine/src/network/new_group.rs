//! A name and passphrase for a new Wi-Fi group.

use fieldcast_wire::Group;

use crate::Error;

/// No letters and digits that look alike, because a user may have to type the passphrase.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A new group, named as Wi-Fi Direct requires, with a passphrase of 80 random bits.
///
/// # Errors
/// [`Error::Network`] if the system provides no random bytes.
pub fn new_group() -> Result<Group, Error> {
    let random = fieldcast_net::random()?;
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect::<String>();
    Ok(Group::new(&format!("DIRECT-fc-{}", text(&random[..4])), &text(&random[4..20]))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creates_new_groups_valid_for_wifi_direct() {
        let (one, other) = (new_group().unwrap(), new_group().unwrap());
        assert!(one.name().starts_with("DIRECT-fc-"));
        assert_eq!(one.passphrase().len(), 16);
        assert_ne!(one, other);
    }
}
