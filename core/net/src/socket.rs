//! Sockets bound to one interface.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use crate::Interface;

/// Calls the system holds for us while we are busy accepting: more than a whole team at once.
const BACKLOG: i32 = 64;

/// A listening socket on the interface's address.
pub(crate) fn listen(interface: &Interface, port: u16) -> io::Result<TcpListener> {
    let socket = open(interface.addr.is_ipv4())?;
    // Else a restart would find its own old connections in the way. Elsewhere the option means something unsafe.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::new(interface.addr, port).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A socket that will call out through the interface, not yet connected.
///
/// Its address alone does not decide the route where a VPN or mobile data has rules of its own, so it is tied to
/// the device too where the system lets us; where it does not, the address has to do.
pub(crate) fn caller(interface: &Interface, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = open(interface.addr.is_ipv4())?;
    // Calls between two processes here go through loopback, which a socket tied to another device never hears.
    let is_here = interface.is_loopback || crate::interfaces().iter().any(|mine| mine.addr == to.ip());
    if !is_here {
        let _ = tie(&socket, interface);
    }
    socket.bind(&SocketAddr::new(interface.addr, 0).into())?;
    Ok(socket.into())
}

/// Sends small messages at once, and notices a peer that has gone without a word.
pub(crate) fn tune(stream: &tokio::net::TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(5));
    socket.set_tcp_keepalive(&keepalive.with_retries(3))
}

/// Whether mDNS can be had here: the daemon itself says nothing when the port or the multicast group is denied to it.
pub(crate) fn try_mdns(interface: &Interface) -> io::Result<()> {
    let IpAddr::V4(addr) = interface.addr else { return Ok(()) };
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?; // the system's own mDNS service is there already
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
fn tie(socket: &Socket, interface: &Interface) -> io::Result<()> {
    socket.bind_device(Some(interface.name.as_bytes()))
}

#[cfg(target_vendor = "apple")]
fn tie(socket: &Socket, interface: &Interface) -> io::Result<()> {
    let index = interface.index.and_then(std::num::NonZeroU32::new);
    if interface.addr.is_ipv4() { socket.bind_device_by_index_v4(index) } else { socket.bind_device_by_index_v6(index) }
}

#[cfg(not(any(target_os = "android", target_os = "linux", target_vendor = "apple")))]
fn tie(_: &Socket, _: &Interface) -> io::Result<()> {
    Ok(())
}
