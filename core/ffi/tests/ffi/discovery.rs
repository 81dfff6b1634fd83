//! A simulated service discovery of phones: a shared network that carries announcements, and ports that fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fieldcast_ffi::{
    Answer, Event, ExchangeOptions, Fieldcast, FieldcastError, Fingerprint, FoundBy, LocalService, PeerDiscovery,
    PeerDiscoverySink, PlatformPorts, PortError, RemoteService, SendState,
};
use tempfile::TempDir;

use crate::listener::{EventLog, listener};
use crate::phone::{Phone, options, server, settings, wait};

/// The announcements and their listeners, by phone and search.
type Searches = BTreeMap<(usize, u64), (LocalService, Arc<PeerDiscoverySink>)>;

#[derive(Clone, Default)]
struct Network(Arc<Mutex<Searches>>);

/// The part of one phone.
struct Radio(usize, Network);

fn as_found(service: &LocalService) -> RemoteService {
    let (name, addresses) = (format!("{} (2)", service.name), vec![service.interface.addr]);
    RemoteService { name, txt: service.txt.clone(), addresses, port: service.port }
}

impl PeerDiscovery for Radio {
    fn start(&self, search: u64, service: LocalService, sightings: Arc<PeerDiscoverySink>) -> Result<(), PortError> {
        assert_eq!(service.kind, "_fieldcast._tcp");
        let mut network = self.1.0.lock().unwrap();
        network.insert((self.0, search), (service.clone(), sightings.clone()));
        // Announcements go to all phones, including the sender, as on a real network.
        for (other, sink) in network.values() {
            sightings.found(as_found(other)).unwrap();
            sink.found(as_found(&service)).unwrap();
        }
        Ok(())
    }

    fn stop(&self, search: u64) -> Result<(), PortError> {
        let mut network = self.1.0.lock().unwrap();
        let (gone, _) = network.remove(&(self.0, search)).unwrap();
        network.values().for_each(|(_, sink)| sink.lost(as_found(&gone).name).unwrap());
        Ok(())
    }
}

fn phone(name: &str, discovery: impl PeerDiscovery + 'static) -> (Phone, EventLog) {
    let (dir, (listener, events)) = (TempDir::new().unwrap(), listener());
    let ports = PlatformPorts { discovery: Some(Arc::new(discovery)), ..PlatformPorts::default() };
    let fieldcast = wait(Fieldcast::open(settings(&dir, name), ports, listener)).unwrap();
    (Phone { fieldcast, dir }, events)
}

fn without_mdns() -> ExchangeOptions {
    ExchangeOptions { mdns: false, accept_all: true, ..options() }
}

#[track_caller]
fn found(events: &EventLog) -> (Fingerprint, FoundBy) {
    events.wait_for(|event| match event {
        Event::ReceiverFound { receiver, .. } => Some((receiver.fingerprint, receiver.by)),
        _ => None,
    })
}

const BY_PLATFORM: FoundBy = FoundBy { mdns: false, connected: false, invited: false, typed: false, platform: true };

#[test]
fn sends_to_receiver_found_only_by_platform() {
    let (server, network) = (server(), Network::default());
    let (distributor, distributor_events) = phone("ffi-radio-1", Radio(1, network.clone()));
    let (receiver, receiver_events) = phone("ffi-radio-2", Radio(2, network.clone()));
    distributor.downsync(&server, 1);
    let receiving = wait(receiver.fieldcast.start_receive(without_mdns())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), without_mdns())).unwrap();
    let who = receiver.fieldcast.device().unwrap().fingerprint;
    assert_eq!(found(&distributor_events), (who, BY_PLATFORM), "found once, although its name has a number");

    // The receiver discovers the distributor too, and can dial it.
    let discovered_distributor = receiver_events.wait_for(|event| match event {
        Event::DistributorFound { distributor, .. } => Some(distributor),
        _ => None,
    });
    assert_eq!(discovered_distributor.fingerprint, distributor.fieldcast.device().unwrap().fingerprint);
    receiving.dial(discovered_distributor.addr, Some(discovered_distributor.fingerprint)).unwrap();
    assert_eq!(found(&distributor_events), (who, FoundBy { connected: true, ..BY_PLATFORM }));
    receiving.disconnect().unwrap();
    assert_eq!(found(&distributor_events), (who, BY_PLATFORM));

    offering.send_to(who).unwrap();
    let question = receiver_events.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question.id),
        _ => None,
    });
    receiving.answer(question, Answer::Once).unwrap();
    wait(offering.finished()).unwrap();
    assert!(matches!(offering.receivers().unwrap()[0].state, SendState::Saved { .. }));
    assert_eq!(distributor.digests(), receiver.digests());

    let (third, _) = phone("ffi-radio-3", Radio(3, network.clone()));
    let passing = wait(third.fieldcast.start_receive(without_mdns())).unwrap();
    let third = third.fieldcast.device().unwrap().fingerprint;
    assert_eq!(found(&distributor_events).0, third);
    wait(passing.stop()).unwrap();
    let gone = distributor_events.wait_for(|event| match event {
        Event::ReceiverGone { receiver, .. } => Some(receiver),
        _ => None,
    });
    assert_eq!(gone, third);
    assert_eq!(offering.receivers().unwrap().len(), 1);

    wait(offering.stop()).unwrap();
    receiver_events.wait_for(|event| matches!(event, Event::DistributorLost { .. }).then_some(()));
    assert!(receiving.distributors().unwrap().is_empty());
    drop(receiving);
    let begun = Instant::now();
    while !network.0.lock().unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "each search is stopped when its session ends");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reports services that were not requested, and continues after it was stopped.
struct FalseReports(Arc<Mutex<Option<Arc<PeerDiscoverySink>>>>);

impl PeerDiscovery for FalseReports {
    fn start(&self, _: u64, own: LocalService, sightings: Arc<PeerDiscoverySink>) -> Result<(), PortError> {
        *self.0.lock().unwrap() = Some(sightings.clone());
        let txt = |fp: &str| {
            let pairs = [("V", "1"), ("r", "r"), ("fp", fp), ("n", "\u{202e}\u{1b}[2JAsha")];
            pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<HashMap<_, _>>()
        };
        let report = |name: String, txt, addresses: Vec<_>, port| {
            sightings.found(RemoteService { name, txt, addresses, port }).unwrap();
        };
        let here = own.interface.addr;
        for nonsense in ["", "(", "fc-", " (2)", "fc-é (2)", &"x".repeat(1 << 20)] {
            report(nonsense.to_owned(), txt(nonsense), vec![here], 1);
            report(nonsense.to_owned(), HashMap::new(), Vec::new(), 0);
            sightings.lost(nonsense.to_owned()).unwrap();
        }
        for number in 0..5_000_u32 {
            let (fp, name) = (format!("{number:064x}"), format!("fc-0000-0000-0000-{number:04x}"));
            let fp = format!("{}{}", &fp[48..], &fp[..48]);
            report(name.clone(), txt(&fp), vec![[192, 0, 2, 1].into()], 1); // an address outside our networks
            report(name, txt(&fp), vec![here, [224, 0, 0, 1].into()], 9);
        }
        Ok(())
    }

    fn stop(&self, _: u64) -> Result<(), PortError> {
        Ok(())
    }
}

#[test]
fn limits_list_filled_by_false_reports() {
    let (server, sink) = (server(), Arc::new(Mutex::new(None)));
    let (distributor, events) = phone("ffi-false", FalseReports(sink.clone()));
    distributor.downsync(&server, 1);
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), without_mdns())).unwrap();
    (0..256).for_each(|_| assert_eq!(found(&events).1, BY_PLATFORM));
    let receivers = offering.receivers().unwrap();
    assert_eq!(receivers.len(), 256);
    assert!(receivers.iter().all(|nearby| nearby.peer.name.as_str() == "[2JAsha" && nearby.peer.addr.port() == 9));
    wait(offering.stop()).unwrap();
    let late = sink.lock().unwrap().take().unwrap();
    late.lost("fc-0000-0000-0000-0000".to_owned()).unwrap();
    wait(distributor.fieldcast.shut_down()).unwrap();
}

/// Throws at every call.
struct Throws;

impl PeerDiscovery for Throws {
    fn start(&self, _: u64, _: LocalService, _: Arc<PeerDiscoverySink>) -> Result<(), PortError> {
        Err(PortError::Denied { reason: "no local network for this app".to_owned() })
    }

    fn stop(&self, _: u64) -> Result<(), PortError> {
        Err(PortError::Failed { reason: "as ever".to_owned() })
    }
}

/// Never returns.
struct Blocks;

impl PeerDiscovery for Blocks {
    fn start(&self, _: u64, _: LocalService, _: Arc<PeerDiscoverySink>) -> Result<(), PortError> {
        loop {
            thread::park();
        }
    }

    fn stop(&self, _: u64) -> Result<(), PortError> {
        Ok(())
    }
}

#[test]
fn continues_if_discovery_port_throws_or_blocks() {
    let server = server();
    let (distributor, _heard) = phone("ffi-blocks", Blocks);
    let (receiver, events) = phone("ffi-throws", Throws);
    distributor.downsync(&server, 1);
    let receiving = wait(receiver.fieldcast.start_receive(without_mdns())).unwrap();
    wait(wait(distributor.fieldcast.start_receive(without_mdns())).unwrap().stop()).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), without_mdns())).unwrap();
    let found = wait(offering.find_at(receiving.addr().unwrap().unwrap())).unwrap();
    offering.send_to(found.fingerprint).unwrap();
    let question = events.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question.id),
        _ => None,
    });
    receiving.answer(question, Answer::Once).unwrap();
    wait(offering.finished()).unwrap();
    assert_eq!(distributor.digests(), receiver.digests());
    let (ended, is_ended) = channel();
    thread::spawn(move || {
        for phone in [&distributor, &receiver] {
            wait(phone.fieldcast.shut_down()).unwrap();
        }
        ended.send(distributor.fieldcast.device()).unwrap();
    });
    let after = is_ended.recv_timeout(Duration::from_secs(8)).unwrap();
    assert!(matches!(after, Err(FieldcastError::ShutDown { .. })));
}
