//! Connects to another device.

use std::net::SocketAddr;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::{Connection, Error, Identity, Interface, socket};

/// Connects to the device at `addr` through `interface` and proves `identity` to it. With `expected`, only the device
/// with this fingerprint is accepted. `limit` is the time limit for the whole call.
///
/// # Errors
/// [`Error::WrongPeer`] if another key answers; [`Error::Refused`], [`Error::Unreachable`] and [`Error::Timeout`] if no
/// device answers; [`Error::InterfaceGone`] if the interface has lost its address; [`Error::Permission`] if the system
/// forbids the connection; [`Error::OtherVersion`] and [`Error::Tls`] if the peer does not speak this protocol;
/// [`Error::Cut`] if the peer closes the connection, for example because it has too many connections.
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
    let connect = async {
        let failed = |error| Error::from_connect(error, &interface.name);
        let socket = TcpSocket::from_std_stream(socket::outgoing(interface, addr).map_err(failed)?);
        let stream = socket.connect(addr).await.map_err(failed)?;
        Connection::connect(stream, addr, identity, expected).await
    };
    timeout(limit, connect).await.map_err(|_| Error::Timeout)?
}
