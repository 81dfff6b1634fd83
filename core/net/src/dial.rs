//! Calls another device.

use std::net::SocketAddr;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::{Connection, Error, Identity, Interface, socket};

/// Calls the device at `addr` through `interface` and proves `identity` to it. With `expected`, only the device of
/// that fingerprint will do. `limit` is for everything together.
///
/// # Errors
/// [`Error::WrongPeer`] when another key answers, [`Error::Refused`], [`Error::Unreachable`] and [`Error::Timeout`]
/// when nobody does, [`Error::InterfaceGone`] when the interface has lost its address, [`Error::Permission`] when the
/// system forbids it, [`Error::OtherVersion`] and [`Error::Tls`] when who answers does not speak this protocol, and
/// [`Error::Cut`] when it hangs up, as a device does that has too many callers at once.
pub async fn dial(
    interface: &Interface,
    identity: &Identity,
    addr: SocketAddr,
    expected: Option<Fingerprint>,
    limit: Duration,
) -> Result<Connection, Error> {
    if interface.addr.is_ipv4() != addr.is_ipv4() {
        return Err(Error::Unreachable);
    }
    let call = async {
        let failed = |error| Error::from_connect(error, &interface.name);
        let socket = TcpSocket::from_std_stream(socket::caller(interface, addr).map_err(failed)?);
        let stream = socket.connect(addr).await.map_err(failed)?;
        Connection::call(stream, addr, identity, expected).await
    };
    timeout(limit, call).await.map_err(|_| Error::Timeout)?
}
