//! One mDNS daemon on one interface.

use std::io;
use std::time::Duration;

use mdns_sd::{IfKind, IfPredicate, ServiceDaemon};

use crate::{Error, Interface, socket};

/// How long a drop may wait for the goodbye to leave; it takes about a millisecond.
const GOODBYE: Duration = Duration::from_millis(250);

/// A daemon thread that hears and speaks on one interface only, and ends, saying goodbye for what it announced,
/// when this is dropped.
pub(crate) struct Mdns(pub(crate) ServiceDaemon);

impl Mdns {
    pub(crate) fn open(interface: &Interface) -> Result<Self, Error> {
        if !interface.is_present() {
            return Err(Error::InterfaceGone { name: interface.name.clone() });
        }
        socket::try_mdns(interface).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Error::Permission,
            _ => Error::Discovery { reason: error.to_string() },
        })?;
        let this = Self(ServiceDaemon::new().map_err(failed)?);
        this.0.disable_interface(IfKind::All).map_err(failed)?;
        this.0.enable_interface(only(interface)).map_err(failed)?;
        Ok(this)
    }
}

impl Drop for Mdns {
    fn drop(&mut self) {
        // The daemon does not end with its last handle, only when told; its queue may be full for a moment.
        for _ in 0..10 {
            match self.0.shutdown() {
                Ok(done) => {
                    let _ = done.recv_timeout(GOODBYE); // too late is no worse than lost on the air
                    return;
                }
                Err(mdns_sd::Error::Again) => std::thread::sleep(Duration::from_millis(5)),
                Err(_) => return,
            }
        }
    }
}

/// Exactly this address: a name would bring IPv6 with it, an address every interface that has it.
pub(crate) fn only(interface: &Interface) -> IfKind {
    let (name, addr) = (interface.name.clone(), interface.addr);
    IfKind::Predicate(IfPredicate::new(move |other| other.name == name && other.ip() == addr))
}

pub(crate) fn failed(error: mdns_sd::Error) -> Error {
    Error::Discovery { reason: error.to_string() }
}
