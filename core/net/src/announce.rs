//! Lets others find this device.

use std::fmt;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::Role;
use mdns_sd::ServiceInfo;

use crate::mdns::{Mdns, failed, only};
use crate::service::{SERVICE, instance, txt};
use crate::{Error, Interface};

/// What a device says about itself to all who can hear it. Say nothing here that is private.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// What to call it; cut to what a TXT record has room for.
    pub name: DeviceName,
    /// What it offers to be.
    pub role: Role,
    /// The port it listens on, at the interface's address.
    pub port: u16,
    /// The newest protocol version it speaks.
    pub protocol: u16,
    /// The process that says so: [`Identity::session`](crate::Identity::session).
    pub session: u32,
}

/// An announcement that stands until this is dropped, which tells all who heard it. Dropping takes about a millisecond.
pub struct Announced {
    pub(crate) _daemon: Mdns,
}

impl fmt::Debug for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Announced")
    }
}

/// Announces a device on one interface. One identity may be announced there once in each role.
///
/// # Errors
/// [`Error::InterfaceGone`] when the interface has lost its address, [`Error::Discovery`] when mDNS does not work here.
pub fn announce(interface: &Interface, announcement: &Announcement) -> Result<Announced, Error> {
    let label = instance(&announcement.fingerprint, announcement.role);
    let host = format!("{label}.local.");
    let properties = txt(announcement);
    let mut service =
        ServiceInfo::new(SERVICE, &label, &host, interface.addr, announcement.port, properties.as_slice())
            .map_err(failed)?;
    service.set_interfaces(vec![only(interface)]);
    // The name is a hash of a key, so there is nobody to ask whether it is taken: saves 0.75 s of asking.
    service.set_requires_probe(false);
    let daemon = Mdns::open(interface)?;
    daemon.0.register(service).map_err(failed)?;
    Ok(Announced { _daemon: daemon })
}
