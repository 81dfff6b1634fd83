use std::collections::HashSet;
use std::time::Duration;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::Role;
use mdns_sd::{ResolvedService, ServiceDaemon, ServiceInfo};
use tokio::time::{Instant, timeout};

use super::{LONG, SHORT, device, lo, lo_at};
use crate::service::{SERVICE, instance, peer_from_mdns as peer, txt};
use crate::{Announcement, DiscoveryEvent, Error, Interface, Peer, Wanted, announce, browse};

fn announcement(name: &str, port: u16) -> Announcement {
    let fingerprint = device().fingerprint();
    Announcement { fingerprint, name: DeviceName::new(name), role: Role::Receiver, port, protocol: 1, session: 1 }
}

fn resolved(label: &str, addr: &str, port: u16, txt: &[(&str, String)]) -> ResolvedService {
    ServiceInfo::new(SERVICE, label, "some.local.", addr, port, txt).unwrap().as_resolved_service()
}

/// Parses a well-formed announcement after `twist` has changed it.
fn twisted(twist: impl FnOnce(&mut Vec<(&str, String)>)) -> Option<Peer> {
    let said = announcement("Asha", 7000);
    let mut pairs = txt(&said);
    twist(&mut pairs);
    peer(&resolved(&instance(&said.fingerprint, said.role), "127.0.0.5", 7000, &pairs), &lo())
}

fn set(pairs: &mut [(&str, String)], key: &str, value: &str) {
    pairs.iter_mut().filter(|(name, _)| *name == key).for_each(|(_, old)| *old = value.to_owned());
}

#[test]
fn reads_back_its_own_announcement() {
    for role in [Role::Receiver, Role::Distributor] {
        let said = Announcement { role, protocol: 9, ..announcement("Téa's phone", 7000) };
        let found =
            peer(&resolved(&instance(&said.fingerprint, said.role), "127.0.0.5", 7000, &txt(&said)), &lo()).unwrap();
        assert_eq!((found.fingerprint, &found.name, found.role), (said.fingerprint, &said.name, role));
        assert_eq!((found.protocol, found.addr.to_string().as_str()), (9, "127.0.0.5:7000"));
    }
}

#[test]
fn fits_longest_name_into_record() {
    let said = Announcement { protocol: u16::MAX, ..announcement(&"🦟".repeat(40), 1) };
    let pairs = txt(&said);
    let bytes: usize = pairs.iter().map(|(key, value)| key.len() + value.len() + 2).sum();
    assert!(bytes <= 200, "{bytes}");
    assert!(pairs.iter().any(|(key, value)| *key == "n" && value.chars().count() >= 25));
}

#[test]
fn ignores_malformed_announcements() {
    assert!(twisted(|_| {}).is_some());
    assert!(twisted(|pairs| pairs.clear()).is_none());
    for (key, value) in
        [("fp", "abcd"), ("fp", ""), ("fp", &"ż".repeat(32)), ("v", "-1"), ("v", "99999"), ("r", "x"), ("r", "")]
    {
        assert!(twisted(|pairs| set(pairs, key, value)).is_none(), "{key}={value}");
    }
    let other = device().fingerprint().to_string();
    assert!(twisted(|pairs| set(pairs, "fp", &other)).is_none(), "the fingerprint does not match the name");
    assert!(twisted(|pairs| set(pairs, "r", "d")).is_none(), "the role does not match the name");
    assert_eq!(twisted(|pairs| set(pairs, "n", "a\u{1b}[2J\u{202e}b")).unwrap().name.as_str(), "a[2Jb");
    assert_eq!(twisted(|pairs| pairs.retain(|(key, _)| *key != "n")).unwrap().name.as_str(), "unnamed");
}

#[test]
fn accepts_only_names_numbered_by_the_system() {
    let said = announcement("Asha", 7000);
    let own = instance(&said.fingerprint, said.role);
    let named = |label: &str| peer(&resolved(label, "127.0.0.5", 7000, &txt(&said)), &lo()).is_some();
    assert!(named(&own) && named(&own.to_uppercase()) && named(&format!("{own} (2)")));
    for other in [" ", "(2)", " (2", " ()", " (-1)", " (2) ", " (9999)", "x"] {
        assert!(!named(&format!("{own}{other}")), "{other}");
    }
    assert!(!named(&own[1..]) && !named(&format!("x{own}")));
}

#[test]
fn accepts_only_addresses_of_the_subnet() {
    let said = announcement("Asha", 7000);
    let at =
        |addr: &str, port| peer(&resolved(&instance(&said.fingerprint, said.role), addr, port, &txt(&said)), &lo());
    assert!(at("192.168.49.7", 7000).is_none());
    assert!(at("::1", 7000).is_none());
    assert!(at("127.0.0.1", 0).is_none());
    assert_eq!(at("192.168.49.7,127.0.0.3", 7000).unwrap().addr.to_string(), "127.0.0.3:7000");
}

/// A daemon of a device that sends arbitrary TXT records.
fn rogue_device(says: &[(&str, &str)]) -> ServiceDaemon {
    let daemon = ServiceDaemon::new().unwrap();
    let label = instance(&Fingerprint([0xee; 32]), Role::Receiver);
    let mut service = ServiceInfo::new(SERVICE, &label, "rogue.local.", "127.0.0.1", 1, says).unwrap();
    service.set_requires_probe(false);
    daemon.register(service).unwrap();
    daemon
}

#[tokio::test]
async fn finds_and_loses_devices_on_loopback() {
    let start = Instant::now();
    let (anna, bert, own) = (announcement("Anna", 7001), announcement("Bert", 7002), announcement("Own", 7003));
    let bad = rogue_device(&[("v", "1"), ("r", "r"), ("fp", "zz"), ("n", "Mallory")]);
    let mut browser = browse(&lo(), Role::Receiver, Some(&own), Wanted::default()).unwrap();
    let _own = announce(&lo(), &own).unwrap();
    let stays = announce(&lo(), &anna).unwrap();
    let leaves = announce(&lo(), &bert).unwrap();
    // Other tests on this machine may announce devices, too.
    let known = HashSet::from([anna.fingerprint, bert.fingerprint, own.fingerprint, Fingerprint([0xee; 32])]);
    let mut next = async || loop {
        match timeout(LONG, browser.next()).await.unwrap().unwrap() {
            DiscoveryEvent::Found(peer) if known.contains(&peer.fingerprint) => return DiscoveryEvent::Found(peer),
            DiscoveryEvent::Lost(peer) if known.contains(&peer) => return DiscoveryEvent::Lost(peer),
            _ => {}
        }
    };
    let mut seen = HashSet::new();
    for _ in 0..2 {
        let DiscoveryEvent::Found(peer) = next().await else { panic!("no device was lost") };
        seen.insert((peer.fingerprint, peer.name.as_str().to_owned(), peer.addr.to_string()));
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let as_seen = |one: &Announcement| (one.fingerprint, one.name.to_string(), format!("127.0.0.1:{}", one.port));
    assert_eq!(seen, HashSet::from([as_seen(&anna), as_seen(&bert)]));
    drop(leaves);
    assert_eq!(next().await, DiscoveryEvent::Lost(bert.fingerprint), "no event is repeated");
    drop(stays);
    assert_eq!(next().await, DiscoveryEvent::Lost(anna.fingerprint));
    bad.shutdown().unwrap();
}

#[tokio::test]
async fn finds_device_in_each_of_its_roles() {
    let receiver = announcement("Both", 7007);
    let distributor = Announcement { role: Role::Distributor, port: 7008, ..receiver.clone() };
    let mut receivers = browse(&lo(), Role::Receiver, None, Wanted::default()).unwrap();
    let mut distributors = browse(&lo(), Role::Distributor, None, Wanted::default()).unwrap();
    let (offers, receives) = (announce(&lo(), &distributor).unwrap(), announce(&lo(), &receiver).unwrap());
    for (browser, said) in [(&mut receivers, &receiver), (&mut distributors, &distributor)] {
        while !matches!(timeout(LONG, browser.next()).await.unwrap(), Some(DiscoveryEvent::Found(peer))
            if peer.fingerprint == said.fingerprint && (peer.role, peer.addr.port()) == (said.role, said.port))
        {
        }
    }
    drop(offers);
    while timeout(LONG, distributors.next()).await.unwrap() != Some(DiscoveryEvent::Lost(receiver.fingerprint)) {}
    let gone = async { while receivers.next().await != Some(DiscoveryEvent::Lost(receiver.fingerprint)) {} };
    assert!(timeout(SHORT, gone).await.is_err(), "it is still a receiver");
    drop(receives);
}

#[tokio::test]
async fn reports_killed_device_at_new_address() {
    let mut said = announcement("Anna", 7004);
    let mut browser = browse(&lo(), Role::Receiver, None, Wanted::default()).unwrap();
    let mut killed = Vec::new();
    for port in [7004, 7005] {
        said.port = port;
        let announced = announce(&lo(), &said).unwrap();
        while !matches!(timeout(LONG, browser.next()).await.unwrap().unwrap(),
            DiscoveryEvent::Found(peer) if peer.fingerprint == said.fingerprint && peer.addr.port() == port)
        {}
        // Removed from the network without a goodbye, as after a kill.
        announced._daemon.0.disable_interface(mdns_sd::IfKind::All).unwrap();
        killed.push(announced);
    }
}

#[tokio::test]
async fn loses_silent_device_after_reverify() {
    let said = announcement("Anna", 7006);
    let mut browser = browse(&lo(), Role::Receiver, None, Wanted::default()).unwrap();
    let announced = announce(&lo(), &said).unwrap();
    let is_said = |peer: &Peer| peer.fingerprint == said.fingerprint;
    while !matches!(timeout(LONG, browser.next()).await.unwrap(), Some(DiscoveryEvent::Found(peer)) if is_said(&peer)) {
    }
    announced._daemon.0.disable_interface(mdns_sd::IfKind::All).unwrap();
    browser.reverify(&said.fingerprint);
    while timeout(LONG, browser.next()).await.unwrap() != Some(DiscoveryEvent::Lost(said.fingerprint)) {}
}

#[test]
fn reports_lost_interface() {
    let gone = Interface { addr: [192, 0, 2, 1].into(), ..lo() };
    assert!(matches!(browse(&gone, Role::Receiver, None, Wanted::default()), Err(Error::InterfaceGone { .. })));
    assert!(matches!(announce(&lo_at(77), &announcement("x", 1)), Err(Error::InterfaceGone { .. })));
}
