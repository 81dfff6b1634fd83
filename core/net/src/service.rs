//! What is said and heard about devices by mDNS. Everything heard is a stranger's word: it is checked for form, shown
//! as a hint, and proven only by a connection.

use std::net::{IpAddr, SocketAddr};

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::Role;
use mdns_sd::ResolvedService;

use crate::{Announcement, Interface};

/// The service type under which devices announce themselves.
pub(crate) const SERVICE: &str = "_fieldcast._tcp.local.";
/// The most bytes of TXT that survive everywhere, so that one packet holds the whole answer.
const MAX_TXT: usize = 200;

/// A device that says it is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Who it says it is; pass it to [`dial`](crate::dial()), which proves it.
    pub fingerprint: Fingerprint,
    /// What it calls itself.
    pub name: DeviceName,
    /// What it offers to be.
    pub role: Role,
    /// The newest protocol version it speaks, which may be newer than ours.
    pub protocol: u16,
    /// Which process of its says so; 0 if it does not say. Two that are there at once under one fingerprint are two devices.
    pub session: u32,
    /// Where it listens; always on the subnet of the interface that was browsed.
    pub addr: SocketAddr,
}

/// A change in who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoveryEvent {
    /// A device has come, or one that was there has changed its name, role or address.
    Found(Peer),
    /// A device has said goodbye or has not been heard of for long. No reason to end a connection that works.
    Lost(Fingerprint),
}

/// The label that makes a device's announcement its own; in each role another, for a device may be in both at once.
pub(crate) fn instance(fingerprint: &Fingerprint, role: Role) -> String {
    let start = match role {
        Role::Receiver => "fc",
        Role::Distributor => "fd",
    };
    format!("{start}-{}", fingerprint.short())
}

/// The TXT record of an announcement, the name cut so that all of it fits.
pub(crate) fn txt(of: &Announcement) -> Vec<(&'static str, String)> {
    let role = match of.role {
        Role::Distributor => "d",
        Role::Receiver => "r",
    };
    let mut pairs = vec![("v", of.protocol.to_string()), ("r", role.to_owned()), ("fp", of.fingerprint.to_string())];
    pairs.push(("s", format!("{:08x}", of.session)));
    // Each string has a length byte and an equals sign.
    let used: usize = pairs.iter().map(|(key, value)| key.len() + value.len() + 2).sum();
    let room = MAX_TXT.saturating_sub(used + "n".len() + 2);
    let name = of.name.as_str();
    pairs.push(("n", name.get(..name.floor_char_boundary(room)).unwrap_or_default().to_owned()));
    pairs
}

/// The peer that an answer by mDNS tells of.
pub(crate) fn heard(answer: &ResolvedService, interface: &Interface) -> Option<Peer> {
    let label = answer.fullname.strip_suffix(SERVICE)?.strip_suffix('.')?;
    let addresses = answer.addresses.iter().map(|scoped| scoped.to_ip_addr());
    peer(label, |key| answer.get_property_val_str(key), addresses, answer.port, interface)
}

/// The peer that is told of under a label, if every part of it is well formed and an address is on our subnet.
pub(crate) fn peer<'t>(
    label: &str,
    text: impl Fn(&str) -> Option<&'t str>,
    addresses: impl Iterator<Item = IpAddr>,
    port: u16,
    interface: &Interface,
) -> Option<Peer> {
    let fingerprint: Fingerprint = text("fp")?.parse().ok()?;
    let role = match text("r")? {
        "d" => Role::Distributor,
        "r" => Role::Receiver,
        _ => return None,
    };
    let addr = addresses.filter(|addr| interface.contains(*addr) && !addr.is_multicast()).min()?;
    (is_of(label, &instance(&fingerprint, role)) && port != 0).then_some(())?;
    Some(Peer {
        fingerprint,
        name: DeviceName::new(text("n").unwrap_or_default()),
        role,
        protocol: text("v")?.parse().ok()?,
        session: text("s").and_then(|session| u32::from_str_radix(session, 16).ok()).unwrap_or_default(),
        addr: SocketAddr::new(addr, port),
    })
}

/// Whether a peer is in this role, or has the key of `own` device in whatever role; but is not `own` process.
pub(crate) fn is_sought(peer: &Peer, role: Role, own: Option<(Fingerprint, u32)>) -> bool {
    match own {
        Some((fingerprint, session)) if peer.fingerprint == fingerprint => peer.session != session,
        _ => peer.role == role,
    }
}

/// Whether a label is that of this instance. Names, fingerprints and roles go together, so that a goodbye can only mean its
/// own sender. A system that finds the name taken (by ours, on the same phone) adds a number: `fc-0a1b-2c3d-4e5f-6a7b (2)`.
fn is_of(label: &str, instance: &str) -> bool {
    let Some((start, rest)) = label.split_at_checked(instance.len()) else { return false };
    let number = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let is_number = number.is_some_and(|number| number.len() < 4 && number.parse::<u16>().is_ok());
    start.eq_ignore_ascii_case(instance) && (rest.is_empty() || is_number)
}
