//! Announces this device, so that other devices find it.

use std::fmt;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::Role;
use mdns_sd::ServiceInfo;

use crate::mdns::{Mdns, failed, only};
use crate::service::{SERVICE, instance, txt};
use crate::{Error, Interface};

/// The public information about a device. Every device on the network receives it, so it must contain nothing private.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The fingerprint of the device.
    pub fingerprint: Fingerprint,
    /// The display name. It is shortened to the free space in the TXT record.
    pub name: DeviceName,
    /// The offered role.
    pub role: Role,
    /// The port on which it listens, at the address of the interface.
    pub port: u16,
    /// Its newest protocol version.
    pub protocol: u16,
    /// The announcing process: [`Identity::session`](crate::Identity::session).
    pub session: u32,
}

/// An active announcement. Dropping it sends a goodbye to all devices that received it, which takes about a
/// millisecond.
pub struct Announced {
    pub(crate) _daemon: Mdns,
}

impl fmt::Debug for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Announced")
    }
}

/// Announces a device on one interface. Each identity can be announced there once per role.
///
/// # Errors
/// [`Error::InterfaceGone`] if the interface has lost its address, [`Error::Discovery`] if mDNS does not work.
pub fn announce(interface: &Interface, announcement: &Announcement) -> Result<Announced, Error> {
    let label = instance(&announcement.fingerprint, announcement.role);
    let host = format!("{label}.local.");
    let properties = txt(announcement);
    let mut service =
        ServiceInfo::new(SERVICE, &label, &host, interface.addr, announcement.port, properties.as_slice())
            .map_err(failed)?;
    service.set_interfaces(vec![only(interface)]);
    // The name is a hash of a key, so it cannot be taken already. Skipping the probe saves 0.75 s.
    service.set_requires_probe(false);
    let daemon = Mdns::open(interface)?;
    daemon.0.register(service).map_err(failed)?;
    Ok(Announced { _daemon: daemon })
}
