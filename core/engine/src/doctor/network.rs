//! Interfaces, mDNS, ports.

use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_net::{
    Announcement, DiscoveryEvent, Error, Identity, Interface, Listener, Wanted, announce, browse, choose_interface,
    interfaces,
};
use fieldcast_wire::{PROTOCOL, Role};

use super::{Check, Checked, DoctorSettings};

const ALLOW: &str = "allow Fieldcast to use the local network and multicast (UDP port 5353), and check the firewall";

pub(super) async fn check(settings: &DoctorSettings) -> Vec<Check> {
    let known: Vec<_> = interfaces().iter().map(|one| format!("{} ({})", one.name, one.addr)).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let interface = match choose_interface(settings.interface.as_deref()) {
        Ok(interface) => interface,
        Err(error) => return without_interface(&error, &known),
    };
    let found = format!("{} ({}) would be used; there are {known}", interface.name, interface.addr);
    let mut checks = vec![match interface.is_loopback {
        true => Check::warning(
            Checked::Interfaces,
            format!("{found}; loopback reaches this device only"),
            "leave the interface out to reach others",
        ),
        false => Check::ok(Checked::Interfaces, found),
    }];
    // A key of its own: the device's is not to be touched, and may be in use.
    match Identity::generate() {
        Ok(identity) => {
            checks.push(multicast(&interface, &identity, settings.hear_for).await);
            checks.push(port(&interface, &identity, settings.port).await);
        }
        Err(error) => checks.push(Check::problem(Checked::Port, error.to_string(), "start the device anew")),
    }
    checks
}

fn without_interface(error: &Error, known: &str) -> Vec<Check> {
    let advice = match error {
        Error::UnknownInterface { .. } => "name one of those, or leave it out",
        _ => "join or open the team's Wi-Fi group or hotspot, or name an interface",
    };
    let found = match error {
        Error::UnknownInterface { asked, .. } => format!("there is no interface `{asked}`; there are {known}"),
        _ => format!("no Wi-Fi group, hotspot, Wi-Fi or cable; there are {known}"),
    };
    let skipped = |checked| Check::warning(checked, "not looked at: no interface", "see above");
    vec![Check::problem(Checked::Interfaces, found, advice), skipped(Checked::Multicast), skipped(Checked::Port)]
}

/// Announces a device and listens for it. As a distributor, which only those call who were told to by a person.
async fn multicast(interface: &Interface, identity: &Identity, wait: Duration) -> Check {
    let own = Announcement {
        fingerprint: identity.fingerprint(),
        name: DeviceName::new("doctor"),
        role: Role::Distributor,
        port: 9, // discard: it is only to be heard of
        protocol: PROTOCOL,
        session: identity.session(),
    };
    let begun = browse(interface, Role::Distributor, None, Wanted::default())
        .and_then(|browser| Ok((announce(interface, &own)?, browser)));
    let (_announced, mut browser) = match begun {
        Ok(begun) => begun,
        Err(error) => return Check::problem(Checked::Multicast, error.to_string(), ALLOW),
    };
    let heard = async {
        while let Some(sighting) = browser.next().await {
            if matches!(&sighting, DiscoveryEvent::Found(peer) if peer.fingerprint == own.fingerprint) {
                return true;
            }
        }
        false
    };
    echo(&interface.name, tokio::time::timeout(wait, heard).await.unwrap_or(false))
}

/// What it means that an own announcement was heard, or not.
pub(super) fn echo(interface: &str, is_heard: bool) -> Check {
    if is_heard {
        Check::ok(Checked::Multicast, format!("{interface} carries mDNS as far as this device"))
    } else {
        Check::problem(Checked::Multicast, format!("an own mDNS announcement was not heard on {interface}"), ALLOW)
    }
}

async fn port(interface: &Interface, identity: &Identity, port: u16) -> Check {
    match Listener::bind(interface, port, identity).await {
        Ok(listener) => Check::ok(Checked::Port, format!("can listen on {}", listener.addr())),
        Err(error @ Error::PortInUse { .. }) => {
            Check::problem(Checked::Port, error.to_string(), "choose another port, or 0 for any free one")
        }
        Err(error) => {
            Check::problem(Checked::Port, error.to_string(), "check that Fieldcast may use the network, then try again")
        }
    }
}
