//! Sockets bound to one interface.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use crate::Interface;

/// How many connections the system queues while the process is busy: more than a whole team needs at once.
const BACKLOG: i32 = 64;

/// A listening socket on the interface's address.
pub(crate) fn listen(interface: &Interface, port: u16) -> io::Result<TcpListener> {
    let socket = open(interface.addr.is_ipv4())?;
    // Otherwise the old connections of a previous process would block a restart. On other systems, this option is
    // unsafe.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::new(interface.addr, port).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A socket for an outgoing connection through the interface, not yet connected.
///
/// If a VPN or mobile data has its own routing rules, the local address alone does not select the route. So the socket
/// is also bound to the network device where the system allows it.
pub(crate) fn outgoing(interface: &Interface, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = open(interface.addr.is_ipv4())?;
    // Connections between two processes on this device use loopback. A socket bound to another network device never
    // receives them.
    let is_here = interface.is_loopback || crate::interfaces().iter().any(|mine| mine.addr == to.ip());
    if !is_here {
        let _ = bind_to_device(&socket, interface);
    }
    socket.bind(&SocketAddr::new(interface.addr, 0).into())?;
    Ok(socket.into())
}

/// Sends small messages immediately, and detects a peer that has disappeared.
pub(crate) fn tune(stream: &tokio::net::TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(5));
    socket.set_tcp_keepalive(&keepalive.with_retries(3))
}

/// Checks that mDNS can use its port and the multicast group: the daemon itself does not report it if the system denies
/// them.
pub(crate) fn try_mdns(interface: &Interface) -> io::Result<()> {
    let IpAddr::V4(addr) = interface.addr else { return Ok(()) };
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?; // the system's own mDNS service uses this port, too
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, mdns_sd::MDNS_PORT)).into())?;
    socket.join_multicast_v4(&Ipv4Addr::new(224, 0, 0, 251), &addr)
}

fn open(is_v4: bool) -> io::Result<Socket> {
    let domain = if is_v4 { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn bind_to_device(socket: &Socket, interface: &Interface) -> io::Result<()> {
    socket.bind_device(Some(interface.name.as_bytes()))
}

#[cfg(target_vendor = "apple")]
fn bind_to_device(socket: &Socket, interface: &Interface) -> io::Result<()> {
    let index = interface.index.and_then(std::num::NonZeroU32::new);
    if interface.addr.is_ipv4() { socket.bind_device_by_index_v4(index) } else { socket.bind_device_by_index_v6(index) }
}

#[cfg(not(any(target_os = "android", target_os = "linux", target_vendor = "apple")))]
fn bind_to_device(_: &Socket, _: &Interface) -> io::Result<()> {
    Ok(())
}
