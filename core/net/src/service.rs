//! The content of mDNS announcements. Received announcements are not trusted: their format is checked, they are shown
//! as a hint, and only a connection proves them.

use std::net::{IpAddr, SocketAddr};

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::Role;
use mdns_sd::ResolvedService;

use crate::{Announcement, Interface};

/// The service type of the announcements.
pub(crate) const SERVICE: &str = "_fieldcast._tcp.local.";
/// The maximum size of a TXT record in bytes, so that one packet holds the whole answer on every network.
const MAX_TXT: usize = 200;

/// A discovered device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The claimed fingerprint. Pass it to [`dial`](crate::dial()), which proves it.
    pub fingerprint: Fingerprint,
    /// Its display name.
    pub name: DeviceName,
    /// The offered role.
    pub role: Role,
    /// Its newest protocol version, which may be newer than that of this build.
    pub protocol: u16,
    /// The announcing process; 0 if not announced. Two processes at the same time with one fingerprint are two devices.
    pub session: u32,
    /// The address on which it listens, always on the subnet of the searched interface.
    pub addr: SocketAddr,
}

/// A change in the list of discovered devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoveryEvent {
    /// A new device, or a known device with a new name, role or address.
    Found(Peer),
    /// A device has said goodbye or has not answered for a long time. Do not close a working connection because of it.
    Lost(Fingerprint),
}

/// The mDNS label of a device. It differs between roles, because a device may have both roles at once.
pub(crate) fn instance(fingerprint: &Fingerprint, role: Role) -> String {
    let start = match role {
        Role::Receiver => "fc",
        Role::Distributor => "fd",
    };
    format!("{start}-{}", fingerprint.short())
}

/// The TXT record of an announcement. The name is shortened to fit.
pub(crate) fn txt(of: &Announcement) -> Vec<(&'static str, String)> {
    let role = match of.role {
        Role::Distributor => "d",
        Role::Receiver => "r",
    };
    let mut pairs = vec![("v", of.protocol.to_string()), ("r", role.to_owned()), ("fp", of.fingerprint.to_string())];
    pairs.push(("s", format!("{:08x}", of.session)));
    // Each string also has a length byte and an equals sign.
    let used: usize = pairs.iter().map(|(key, value)| key.len() + value.len() + 2).sum();
    let room = MAX_TXT.saturating_sub(used + "n".len() + 2);
    let name = of.name.as_str();
    pairs.push(("n", name.get(..name.floor_char_boundary(room)).unwrap_or_default().to_owned()));
    pairs
}

/// The peer in an mDNS answer.
pub(crate) fn peer_from_mdns(answer: &ResolvedService, interface: &Interface) -> Option<Peer> {
    let label = answer.fullname.strip_suffix(SERVICE)?.strip_suffix('.')?;
    let addresses = answer.addresses.iter().map(|scoped| scoped.to_ip_addr());
    peer(label, |key| answer.get_property_val_str(key), addresses, answer.port, interface)
}

/// The announced peer, if all of its values are well formed and an address is on the subnet of the interface.
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

/// Whether a peer has this role, or has the key of this device (`own`) in any role, but is not this process.
pub(crate) fn is_relevant(peer: &Peer, role: Role, own: Option<(Fingerprint, u32)>) -> bool {
    match own {
        Some((fingerprint, session)) if peer.fingerprint == fingerprint => peer.session != session,
        _ => peer.role == role,
    }
}

/// Whether a label belongs to this instance. The label contains the role and the fingerprint, so a goodbye can only
/// refer to its sender. If the name is taken on the same phone, the system adds a number: `fc-0a1b-2c3d-4e5f-6a7b (2)`.
fn is_of(label: &str, instance: &str) -> bool {
    let Some((start, rest)) = label.split_at_checked(instance.len()) else { return false };
    let number = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let is_number = number.is_some_and(|number| number.len() < 4 && number.parse::<u16>().is_ok());
    start.eq_ignore_ascii_case(instance) && (rest.is_empty() || is_number)
}
