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

/// A service discovery that the test controls.
#[derive(Clone, Debug, Default)]
struct System(Arc<Mutex<Option<(Service, DiscoverySink)>>>);

struct Ends(System);

impl Drop for Ends {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap() = None;
    }
}

impl Discovery for System {
    fn start(&self, service: Service, sink: DiscoverySink) -> Box<dyn Send + Sync> {
        *self.0.lock().unwrap() = Some((service, sink));
        Box::new(Ends(self.clone()))
    }
}

impl System {
    fn sink(&self) -> DiscoverySink {
        self.0.lock().unwrap().as_ref().unwrap().1.clone()
    }
}

fn announcement(name: &str, role: Role) -> Announcement {
    let fingerprint = device().fingerprint();
    Announcement { fingerprint, name: DeviceName::new(name), role, port: 7000, protocol: 1, session: 1 }
}

fn find(sink: &DiscoverySink, said: &Announcement, name: &str, addresses: &[IpAddr]) {
    let pairs = txt(said);
    let text = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str());
    sink.found(&DiscoveredService { name, addresses, port: said.port }, text);
}

/// The next event, if there is one.
async fn next(search: &mut PlatformSearch) -> Option<DiscoveryEvent> {
    timeout(Duration::from_secs(5), search.next()).await.ok()
}

fn searching(system: &System, own: &Announcement) -> PlatformSearch {
    let interface = Interface { addr: [192, 168, 49, 1].into(), prefix: 24, is_loopback: false, ..lo() };
    search(system, &interface, own, Role::Receiver, Wanted::default())
}

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 49, 7));

#[tokio::test(start_paused = true)]
async fn announces_and_checks_platform_results() {
    let (system, own, anna) =
        (System::default(), announcement("Own", Role::Distributor), announcement("Anna", Role::Receiver));
    let mut search = searching(&system, &own);
    let (service, sink) = system.0.lock().unwrap().clone().unwrap();
    assert_eq!((service.kind.as_str(), service.port), ("_fieldcast._tcp", 7000));
    assert_eq!(service.name, instance(&own.fingerprint, Role::Distributor));

    let label = instance(&anna.fingerprint, Role::Receiver);
    let elsewhere: IpAddr = [10, 0, 0, 7].into();
    find(&sink, &own, &service.name, &[HERE]); // this device
    assert_eq!(next(&mut search).await, None);
    find(&sink, &Announcement { session: 2, ..own.clone() }, &service.name, &[HERE]);
    assert!(
        matches!(next(&mut search).await, Some(DiscoveryEvent::Found(peer)) if peer.session == 2),
        "a device with a copied key"
    );
    sink.lost(&service.name);
    assert_eq!(next(&mut search).await, Some(DiscoveryEvent::Lost(own.fingerprint)));
    find(&sink, &announcement("Bert", Role::Distributor), &label, &[HERE]); // does not match its name
    find(&sink, &anna, &label, &[elsewhere]); // not on this network
    find(&sink, &anna, &label, &[]); // no address
    find(&sink, &Announcement { port: 0, ..anna.clone() }, &label, &[HERE]);
    sink.found(&DiscoveredService { name: &label, addresses: &[HERE], port: 1 }, |_| None);
    sink.lost(&label); // was never found
    assert_eq!(next(&mut search).await, None);

    find(&sink, &anna, &format!("{label} (2)"), &[elsewhere, HERE]);
    let Some(DiscoveryEvent::Found(peer)) = next(&mut search).await else { panic!("the device is found") };
    assert_eq!((peer.fingerprint, peer.name.as_str()), (anna.fingerprint, "Anna"));
    assert_eq!(peer.addr.to_string(), "192.168.49.7:7000");
    find(&sink, &Announcement { port: 7001, ..anna.clone() }, &format!("{label} (2)"), &[HERE]);
    assert!(matches!(next(&mut search).await, Some(DiscoveryEvent::Found(peer)) if peer.addr.port() == 7001));
    sink.lost(&format!("{label} (2)"));
    assert_eq!(next(&mut search).await, Some(DiscoveryEvent::Lost(anna.fingerprint)));
}

#[tokio::test(start_paused = true)]
async fn reports_final_state_of_flood_slowly() {
    let (system, own) = (System::default(), announcement("Own", Role::Distributor));
    let mut search = searching(&system, &own);
    let (sink, anna) = (system.sink(), announcement("Anna", Role::Receiver));
    let label = instance(&anna.fingerprint, Role::Receiver);
    let begun = Instant::now();
    for round in 1..=20_u16 {
        for port in 0..100 {
            find(&sink, &Announcement { port: round * 100 + port, ..anna.clone() }, &label, &[HERE]);
            sink.lost(&label);
        }
        find(&sink, &Announcement { port: round, ..anna.clone() }, &label, &[HERE]);
        assert!(matches!(next(&mut search).await, Some(DiscoveryEvent::Found(peer)) if peer.addr.port() == round));
    }
    assert!(begun.elapsed() >= Duration::from_millis(1900), "{:?}", begun.elapsed());
    for number in 0..2000_u32 {
        let mut said = announcement("Forged", Role::Receiver);
        said.fingerprint.0[..4].copy_from_slice(&number.to_be_bytes());
        find(&sink, &said, &instance(&said.fingerprint, Role::Receiver), &[HERE]);
    }
    let mut events = 0;
    while next(&mut search).await.is_some() {
        events += 1;
    }
    assert_eq!(events, 257, "the size of the table, and the evicted device");
}

#[tokio::test(start_paused = true)]
async fn ignores_results_after_search_ends() {
    let (system, own) = (System::default(), announcement("Own", Role::Distributor));
    let search = searching(&system, &own);
    let sink = system.sink();
    drop(search);
    assert!(system.0.lock().unwrap().is_none());
    let anna = announcement("Anna", Role::Receiver);
    find(&sink, &anna, &instance(&anna.fingerprint, Role::Receiver), &[HERE]);
    sink.lost("fc-unknown");
}

#[tokio::test(start_paused = true)]
async fn finds_both_devices_with_one_key() {
    let (system, own) = (System::default(), announcement("Own", Role::Distributor));
    let mut search = searching(&system, &own);
    let (sink, anna) = (system.sink(), announcement("Anna", Role::Receiver));
    let label = instance(&anna.fingerprint, Role::Receiver);
    let copy = Announcement { session: 2, port: 7002, ..anna.clone() };
    find(&sink, &anna, &label, &[HERE]);
    find(&sink, &copy, &format!("{label} (2)"), &[HERE]);
    let mut sessions = Vec::new();
    while let Some(DiscoveryEvent::Found(peer)) = next(&mut search).await {
        sessions.push(peer.session);
    }
    assert_eq!(sessions, [1, 2]);
    sink.lost(&label);
    assert_eq!(next(&mut search).await, None, "one of the two devices remains");
    sink.lost(&format!("{label} (2)"));
    assert_eq!(next(&mut search).await, Some(DiscoveryEvent::Lost(anna.fingerprint)));
}
