use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use fieldcast_model::DeviceName;
use fieldcast_wire::Role;
use tokio::time::{Duration, Instant, timeout};

use super::{device, lo};
use crate::service::{instance, txt};
use crate::{
    Announcement, DiscoveredService, Discovery, DiscoveryEvent, DiscoverySink, Interface, PlatformSearch, Service,
    Wanted, search,
};

/// A system that says what a test has it say.
#[derive(Clone, Debug, Default)]
struct System(Arc<Mutex<Option<(Service, DiscoverySink)>>>);

struct Ends(System);

impl Drop for Ends {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap() = None;
    }
}

impl Discovery for System {
    fn start(&self, service: Service, findings: DiscoverySink) -> Box<dyn Send + Sync> {
        *self.0.lock().unwrap() = Some((service, findings));
        Box::new(Ends(self.clone()))
    }
}

impl System {
    fn findings(&self) -> DiscoverySink {
        self.0.lock().unwrap().as_ref().unwrap().1.clone()
    }
}

fn announcement(name: &str, role: Role) -> Announcement {
    let fingerprint = device().fingerprint();
    Announcement { fingerprint, name: DeviceName::new(name), role, port: 7000, protocol: 1, session: 1 }
}

fn find(findings: &DiscoverySink, said: &Announcement, name: &str, addresses: &[IpAddr]) {
    let pairs = txt(said);
    let text = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str());
    findings.found(&DiscoveredService { name, addresses, port: said.port }, text);
}

/// What comes next, of what is to come.
async fn next(search: &mut PlatformSearch) -> Option<DiscoveryEvent> {
    timeout(Duration::from_secs(5), search.next()).await.ok()
}

fn searching(system: &System, own: &Announcement) -> PlatformSearch {
    let interface = Interface { addr: [192, 168, 49, 1].into(), prefix: 24, is_loopback: false, ..lo() };
    search(system, &interface, own, Role::Receiver, Wanted::default())
}

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 49, 7));

#[tokio::test(start_paused = true)]
async fn the_system_is_told_what_to_announce_and_what_it_finds_is_judged_as_what_is_heard() {
    let (system, own, anna) =
        (System::default(), announcement("Own", Role::Distributor), announcement("Anna", Role::Receiver));
    let mut search = searching(&system, &own);
    let (service, findings) = system.0.lock().unwrap().clone().unwrap();
    assert_eq!((service.kind.as_str(), service.port), ("_fieldcast._tcp", 7000));
    assert_eq!(service.name, instance(&own.fingerprint, Role::Distributor));

    let label = instance(&anna.fingerprint, Role::Receiver);
    let elsewhere: IpAddr = [10, 0, 0, 7].into();
    find(&findings, &own, &service.name, &[HERE]); // itself
    assert_eq!(next(&mut search).await, None);
    find(&findings, &Announcement { session: 2, ..own.clone() }, &service.name, &[HERE]);
    assert!(
        matches!(next(&mut search).await, Some(DiscoveryEvent::Found(peer)) if peer.session == 2),
        "a copy of its key"
    );
    findings.lost(&service.name);
    assert_eq!(next(&mut search).await, Some(DiscoveryEvent::Lost(own.fingerprint)));
    find(&findings, &announcement("Bert", Role::Distributor), &label, &[HERE]); // not its name
    find(&findings, &anna, &label, &[elsewhere]); // not on this network
    find(&findings, &anna, &label, &[]); // nowhere
    find(&findings, &Announcement { port: 0, ..anna.clone() }, &label, &[HERE]);
    findings.found(&DiscoveredService { name: &label, addresses: &[HERE], port: 1 }, |_| None);
    findings.lost(&label); // never was there
    assert_eq!(next(&mut search).await, None);

    find(&findings, &anna, &format!("{label} (2)"), &[elsewhere, HERE]);
    let Some(DiscoveryEvent::Found(peer)) = next(&mut search).await else { panic!("it is there") };
    assert_eq!((peer.fingerprint, peer.name.as_str()), (anna.fingerprint, "Anna"));
    assert_eq!(peer.addr.to_string(), "192.168.49.7:7000");
    find(&findings, &Announcement { port: 7001, ..anna.clone() }, &format!("{label} (2)"), &[HERE]);
    assert!(matches!(next(&mut search).await, Some(DiscoveryEvent::Found(peer)) if peer.addr.port() == 7001));
    findings.lost(&format!("{label} (2)"));
    assert_eq!(next(&mut search).await, Some(DiscoveryEvent::Lost(anna.fingerprint)));
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_what_is_there_in_the_end_and_told_slowly() {
    let (system, own) = (System::default(), announcement("Own", Role::Distributor));
    let mut search = searching(&system, &own);
    let (findings, anna) = (system.findings(), announcement("Anna", Role::Receiver));
    let label = instance(&anna.fingerprint, Role::Receiver);
    let begun = Instant::now();
    for round in 1..=20_u16 {
        for port in 0..100 {
            find(&findings, &Announcement { port: round * 100 + port, ..anna.clone() }, &label, &[HERE]);
            findings.lost(&label);
        }
        find(&findings, &Announcement { port: round, ..anna.clone() }, &label, &[HERE]);
        assert!(matches!(next(&mut search).await, Some(DiscoveryEvent::Found(peer)) if peer.addr.port() == round));
    }
    assert!(begun.elapsed() >= Duration::from_millis(1900), "{:?}", begun.elapsed());
    for number in 0..2000_u32 {
        let mut said = announcement("Forged", Role::Receiver);
        said.fingerprint.0[..4].copy_from_slice(&number.to_be_bytes());
        find(&findings, &said, &instance(&said.fingerprint, Role::Receiver), &[HERE]);
    }
    let mut told = 0;
    while next(&mut search).await.is_some() {
        told += 1;
    }
    assert_eq!(told, 257, "as many as are kept in view, and the one that gave way to them");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_search_is_told_and_what_comes_later_is_not_kept() {
    let (system, own) = (System::default(), announcement("Own", Role::Distributor));
    let search = searching(&system, &own);
    let findings = system.findings();
    drop(search);
    assert!(system.0.lock().unwrap().is_none());
    let anna = announcement("Anna", Role::Receiver);
    find(&findings, &anna, &instance(&anna.fingerprint, Role::Receiver), &[HERE]);
    findings.lost("fc-whoever");
}

#[tokio::test(start_paused = true)]
async fn finds_both_devices_that_have_one_key() {
    let (system, own) = (System::default(), announcement("Own", Role::Distributor));
    let mut search = searching(&system, &own);
    let (findings, anna) = (system.findings(), announcement("Anna", Role::Receiver));
    let label = instance(&anna.fingerprint, Role::Receiver);
    let copy = Announcement { session: 2, port: 7002, ..anna.clone() };
    find(&findings, &anna, &label, &[HERE]);
    find(&findings, &copy, &format!("{label} (2)"), &[HERE]);
    let mut sessions = Vec::new();
    while let Some(DiscoveryEvent::Found(peer)) = next(&mut search).await {
        sessions.push(peer.session);
    }
    assert_eq!(sessions, [1, 2]);
    findings.lost(&label);
    assert_eq!(next(&mut search).await, None, "one of them is still there");
    findings.lost(&format!("{label} (2)"));
    assert_eq!(next(&mut search).await, Some(DiscoveryEvent::Lost(anna.fingerprint)));
}
