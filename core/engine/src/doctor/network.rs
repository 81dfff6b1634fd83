//! Checks of interfaces, mDNS and ports.

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
            "leave the interface out to reach other devices",
        ),
        false => Check::ok(Checked::Interfaces, found),
    }];
    // Use a temporary key: the check must not touch the device key, which may be in use.
    match Identity::generate() {
        Ok(identity) => {
            checks.push(multicast(&interface, &identity, settings.hear_for).await);
            checks.push(port(&interface, &identity, settings.port).await);
        }
        Err(error) => checks.push(Check::problem(Checked::Port, error.to_string(), "restart the device")),
    }
    checks
}

fn without_interface(error: &Error, known: &str) -> Vec<Check> {
    let advice = match error {
        Error::UnknownInterface { .. } => "choose one of these, or leave it out",
        _ => "join or start the team's Wi-Fi group or hotspot, or choose an interface",
    };
    let found = match error {
        Error::UnknownInterface { asked, .. } => format!("there is no interface `{asked}`; there are {known}"),
        _ => format!("no Wi-Fi group, hotspot, Wi-Fi or cable; there are {known}"),
    };
    let skipped = |checked| Check::warning(checked, "not checked: no interface", "see above");
    vec![Check::problem(Checked::Interfaces, found, advice), skipped(Checked::Multicast), skipped(Checked::Port)]
}

/// Announces a device and browses for it. It announces itself as a distributor, because receivers dial a distributor
/// only if their user asked for it.
async fn multicast(interface: &Interface, identity: &Identity, wait: Duration) -> Check {
    let own = Announcement {
        fingerprint: identity.fingerprint(),
        name: DeviceName::new("doctor"),
        role: Role::Distributor,
        port: 9, // the discard port: no device should connect to it
        protocol: PROTOCOL,
        session: identity.session(),
    };
    let begun = browse(interface, Role::Distributor, None, Wanted::default())
        .and_then(|browser| Ok((announce(interface, &own)?, browser)));
    let (_announced, mut browser) = match begun {
        Ok(begun) => begun,
        Err(error) => return Check::problem(Checked::Multicast, error.to_string(), ALLOW),
    };
    let received = async {
        while let Some(event) = browser.next().await {
            if matches!(&event, DiscoveryEvent::Found(peer) if peer.fingerprint == own.fingerprint) {
                return true;
            }
        }
        false
    };
    echo(&interface.name, tokio::time::timeout(wait, received).await.unwrap_or(false))
}

/// The check result for an own announcement that was received, or not.
pub(super) fn echo(interface: &str, is_received: bool) -> Check {
    if is_received {
        Check::ok(Checked::Multicast, format!("mDNS works on {interface}, as far as this device can check"))
    } else {
        Check::problem(
            Checked::Multicast,
            format!("this device's own mDNS announcement did not come back on {interface}"),
            ALLOW,
        )
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
