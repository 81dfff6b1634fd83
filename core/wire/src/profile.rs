//! A profile: what a phone needs to know of a campaign's server, as a URI in the QR code of the campaign's office.

use std::net::{Ipv4Addr, Ipv6Addr};

use fieldcast_model::{DeviceName, Fingerprint};

use crate::invite_text::percent_encode;

const SECURE: &str = "https";

/// The server of a campaign, the tenant, and the campaign's public key, if phones should trust it. Always valid in form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    scheme: String,
    /// Host, optional port, and optional path without a slash at its end.
    place: String,
    tenant: String,
    campaign: Option<[u8; 32]>,
    name: Option<DeviceName>,
}

/// Why there is no profile with these values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The server is not an address that every phone can read.
    #[error(
        "the server's address cannot be used: give it without user, query and fragment, such as https://hcm.example.org, \
         with non-ASCII host names in the xn-- form"
    )]
    Server,
    /// The tenant is empty or not displayable.
    #[error("the tenant is empty or has control characters: give the DIGIT tenant, such as mz")]
    Tenant,
}

impl Profile {
    /// A profile for the server at an `http://` or `https://` address.
    ///
    /// # Errors
    /// [`ProfileError`] says what is wrong.
    pub fn new(server: &str, tenant: &str) -> Result<Self, ProfileError> {
        let (scheme, place) = server.trim().split_once("://").ok_or(ProfileError::Server)?;
        let scheme = scheme.to_ascii_lowercase();
        let place = place.trim_end_matches('/');
        let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        if ![SECURE, "http"].contains(&scheme.as_str()) || !is_authority(authority) || !path.bytes().all(is_plain) {
            return Err(ProfileError::Server);
        }
        let place = authority.to_ascii_lowercase() + path;
        let tenant = tenant.trim();
        if tenant.is_empty() || tenant.chars().any(char::is_control) {
            return Err(ProfileError::Tenant);
        }
        Ok(Self { scheme, place, tenant: tenant.to_owned(), campaign: None, name: None })
    }

    /// The same profile with a campaign that phones trust after the login. Without a name, they show the tenant.
    pub fn with_campaign(self, key: [u8; 32], name: Option<&str>) -> Self {
        let name = name.filter(|name| !name.trim().is_empty()).map(DeviceName::new);
        Self { campaign: Some(key), name, ..self }
    }

    /// The URI.
    pub fn to_uri(&self) -> String {
        let (server, tenant) = (percent_encode(&self.server()), percent_encode(&self.tenant));
        let campaign = self.campaign.map(|key| format!("&campaign={}", Fingerprint(key))).unwrap_or_default();
        let name = self.name.as_ref().map(|name| format!("&name={}", percent_encode(name.as_str())));
        format!("fieldcast://profile?server={server}&tenant={tenant}{campaign}{}", name.unwrap_or_default())
    }

    /// The server's address.
    pub fn server(&self) -> String {
        format!("{}://{}", self.scheme, self.place)
    }

    /// Whether the server is reached with TLS.
    pub fn is_secure(&self) -> bool {
        self.scheme == SECURE
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The campaign's public key.
    pub fn campaign(&self) -> Option<[u8; 32]> {
        self.campaign
    }

    /// The campaign's name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(DeviceName::as_str)
    }
}

/// Whether this is a host with an optional port. Android accepts fewer hosts than browsers.
fn is_authority(text: &str) -> bool {
    // The colon before a port is after the brackets of an IPv6 address.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0);
    port.is_none_or(is_port) && is_host(host)
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(is_inside)
    };
    let top = host.rsplit('.').next().unwrap_or_default();
    let is_name = top.starts_with(|c: char| c.is_ascii_alphabetic()) && host.split('.').all(is_label);
    is_name || host.parse::<Ipv4Addr>().is_ok()
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts that the app must read, too: `ProfileTest` reads this file.
    const PROFILES: &str = include_str!("../../../schema/wire/profiles.txt");

    #[test]
    fn writes_profiles_as_golden_file() {
        let lines = PROFILES.lines().filter(|line| !line.starts_with('#'));
        for line in lines.clone() {
            let [uri, server, tenant, key, name] = line.split(" | ").collect::<Vec<_>>().try_into().unwrap();
            let mut profile = Profile::new(server, tenant).unwrap();
            if key != "-" {
                profile = profile.with_campaign(key.parse::<Fingerprint>().unwrap().0, (name != "-").then_some(name));
            }
            assert_eq!(profile.to_uri(), uri);
            assert_eq!(profile.server(), server);
        }
        assert!(lines.count() > 4);
    }

    #[test]
    fn completes_values() {
        let profile = Profile::new(" HTTPS://HCM.Example.org:8443/Digit// ", " mz ").unwrap();
        assert_eq!((profile.server().as_str(), profile.tenant()), ("https://hcm.example.org:8443/Digit", "mz"));
        assert!(profile.is_secure() && !Profile::new("http://10.0.2.2:8008", "mz").unwrap().is_secure());
        let named = |name: &str| profile.clone().with_campaign([7; 32], Some(name)).name().map(str::to_owned);
        assert_eq!(
            named(&"Nampula ".repeat(9)),
            Some("Nampula ".repeat(5).trim_end().to_owned()),
            "as devices keep it"
        );
        assert_eq!(named(" "), None);
    }

    #[test]
    fn rejects_values_that_phones_cannot_use() {
        for server in [
            "",
            "hcm.example.org",
            "ftp://hcm.example.org",
            "https://",
            "https:///digit",
            "https://hcm example.org",
            "https://hcm_1.example.org",
            "https://-hcm.example.org",
            "https://hcm..example.org",
            "https://hcm.example.1org",
            "https://saúde.example",
            "https://user:word@hcm.example.org",
            "https://hcm.example.org:0",
            "https://hcm.example.org:70000",
            "https://hcm.example.org:+1",
            "https://hcm.example.org:",
            "https://hcm.example.org/a b",
            "https://hcm.example.org?a=b",
            "https://hcm.example.org/#a",
            "https://hcm.example.org/%zz",
            "https://[::1",
            "https://[fe80::1%eth0]",
        ] {
            assert_eq!(Profile::new(server, "mz"), Err(ProfileError::Server), "{server}");
        }
        for tenant in ["", "  ", "m\nz"] {
            assert_eq!(Profile::new("https://hcm.example.org", tenant), Err(ProfileError::Tenant), "{tenant:?}");
        }
    }
}
