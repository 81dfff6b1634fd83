//! One mDNS daemon on one interface.

use std::io;
use std::time::Duration;

use mdns_sd::{IfKind, IfPredicate, ServiceDaemon};

use crate::{Error, Interface, socket};

/// How long a drop may wait until the goodbye is sent, which normally takes about a millisecond.
const GOODBYE: Duration = Duration::from_millis(250);

/// A daemon thread that uses only one interface. Dropping it sends a goodbye for its announcements and ends the thread.
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
        // The daemon does not end with its last handle, only after a shutdown call. Its queue may be full for a short
        // time.
        for _ in 0..10 {
            match self.0.shutdown() {
                Ok(done) => {
                    let _ = done.recv_timeout(GOODBYE); // a late goodbye is no worse than a lost one
                    return;
                }
                Err(mdns_sd::Error::Again) => std::thread::sleep(Duration::from_millis(5)),
                Err(_) => return,
            }
        }
    }
}

/// Matches exactly this name and address. The name alone would add its IPv6 addresses; the address alone would match
/// every interface that has it.
pub(crate) fn only(interface: &Interface) -> IfKind {
    let (name, addr) = (interface.name.clone(), interface.addr);
    IfKind::Predicate(IfPredicate::new(move |other| other.name == name && other.ip() == addr))
}

pub(crate) fn failed(error: mdns_sd::Error) -> Error {
    Error::Discovery { reason: error.to_string() }
}
