//! Simulated phone services.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fieldcast_ffi::{
    Answer, Event, EventListener, ExchangeOptions, Fieldcast, FieldcastError, GroupChanges, KeyStore, MulticastLock,
    NetworkKind, NetworkMonitor, PlatformPorts, PortError, Project, WifiGroup, WifiLink,
};
use tempfile::TempDir;

use crate::listener::{EventLog, listener};
use crate::phone::{options, phone, server, settings, wait};

/// Implements every port.
#[derive(Default)]
struct Hardware {
    is_locked: Mutex<bool>,
    held: AtomicI32,
    groups: Mutex<Vec<String>>,
    changes: Mutex<Vec<Arc<GroupChanges>>>,
}

impl KeyStore for Hardware {
    fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, PortError> {
        Ok(key.iter().map(|byte| !byte).collect())
    }

    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, PortError> {
        match *self.is_locked.lock().unwrap() {
            true => Err(PortError::Denied { reason: "the phone is locked".to_owned() }),
            false => self.wrap_key(wrapped),
        }
    }
}

impl NetworkMonitor for Hardware {
    fn kind(&self) -> Result<Option<NetworkKind>, PortError> {
        Ok(Some(NetworkKind::Metered))
    }
}

impl MulticastLock for Hardware {
    fn acquire(&self) -> Result<(), PortError> {
        self.held.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn release(&self) -> Result<(), PortError> {
        self.held.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait::async_trait]
impl WifiLink for Hardware {
    async fn make_group(&self, group: WifiGroup, changes: Arc<GroupChanges>) -> Result<IpAddr, PortError> {
        self.groups.lock().unwrap().push(group.name);
        self.changes.lock().unwrap().push(changes);
        Ok([127, 0, 0, 1].into())
    }

    async fn join_group(&self, _: WifiGroup, _: Arc<GroupChanges>) -> Result<IpAddr, PortError> {
        Err(PortError::Unavailable { reason: "Wi-Fi is off".to_owned() })
    }

    async fn leave_group(&self) -> Result<(), PortError> {
        self.groups.lock().unwrap().clear();
        Ok(())
    }
}

fn opened_with(
    dir: &TempDir,
    hardware: &Arc<Hardware>,
    listener: Arc<dyn EventListener>,
) -> Result<Arc<Fieldcast>, FieldcastError> {
    let ports = PlatformPorts {
        key_store: Some(hardware.clone()),
        network: Some(hardware.clone()),
        multicast: Some(hardware.clone()),
        link: Some(hardware.clone()),
        discovery: None,
    };
    wait(Fieldcast::open(settings(dir, "ffi-ports"), ports, listener))
}

fn opened(dir: &TempDir, hardware: &Arc<Hardware>) -> Result<Arc<Fieldcast>, FieldcastError> {
    opened_with(dir, hardware, listener().0)
}

#[test]
fn protects_device_key_with_key_store() {
    let (dir, hardware) = (TempDir::new().unwrap(), Arc::new(Hardware::default()));
    let fieldcast = opened(&dir, &hardware).unwrap();
    let device = fieldcast.device().unwrap();
    wait(fieldcast.shut_down()).unwrap();
    *hardware.is_locked.lock().unwrap() = true;
    let error = opened(&dir, &hardware).err().unwrap();
    assert!(matches!(&error, FieldcastError::KeyFailed { reason } if reason.contains("locked")), "{error}");
    *hardware.is_locked.lock().unwrap() = false;
    assert_eq!(opened(&dir, &hardware).unwrap().device().unwrap(), device);
}

#[test]
fn uses_mobile_data_only_if_allowed() {
    let (dir, hardware) = (TempDir::new().unwrap(), Arc::new(Hardware::default()));
    let fieldcast = opened(&dir, &hardware).unwrap();
    let project = Project {
        id: "p".to_owned(),
        name: String::new(),
        project_type: String::new(),
        beneficiary_type: None,
        boundary: None,
        root_id: "p".to_owned(),
        reference: None,
        start_date: None,
        end_date: None,
    };
    let refused = wait(fieldcast.start_downsync(project.clone(), Vec::new(), false)).err().unwrap();
    assert!(matches!(refused, FieldcastError::Metered { .. }), "{refused}");
    let allowed = wait(fieldcast.start_downsync(project, Vec::new(), true)).err().unwrap();
    assert!(matches!(allowed, FieldcastError::LoginNeeded { .. }), "{allowed}");
}

#[test]
fn holds_multicast_lock_while_session_runs() {
    let (dir, hardware) = (TempDir::new().unwrap(), Arc::new(Hardware::default()));
    let fieldcast = opened(&dir, &hardware).unwrap();
    let held = || hardware.held.load(Ordering::SeqCst);
    let receiving = wait(fieldcast.start_receive(options())).unwrap();
    assert_eq!(held(), 1);
    wait(receiving.stop()).unwrap();
    assert_eq!(held(), 0);
    let dropped = wait(fieldcast.start_receive(options())).unwrap();
    assert_eq!(held(), 1);
    drop(dropped);
    assert_eq!(held(), 0);
    let _running = wait(fieldcast.start_receive(options())).unwrap();
    wait(fieldcast.shut_down()).unwrap();
    assert_eq!(held(), 0, "the shutdown releases it too");
    assert!(wait(fieldcast.start_receive(options())).is_err());
    assert_eq!(held(), 0);
}

#[test]
fn makes_group_with_generated_name_and_passphrase() {
    let (dir, hardware) = (TempDir::new().unwrap(), Arc::new(Hardware::default()));
    let fieldcast = opened(&dir, &hardware).unwrap();
    let made = wait(fieldcast.make_group(None)).unwrap();
    assert_eq!(hardware.groups.lock().unwrap().concat(), made.group.name);
    assert!(made.group.name.starts_with("DIRECT-fc-") && made.interface.is_loopback);
    assert!(!format!("{made:?}").contains(&made.group.passphrase), "debug output hides the passphrase");
    let error = wait(fieldcast.join_group(made.group)).err().unwrap();
    assert!(matches!(&error, FieldcastError::NoNetwork { reason } if reason.contains("Wi-Fi is off")), "{error}");
    wait(fieldcast.leave_group()).unwrap();
    assert!(hardware.groups.lock().unwrap().is_empty());
}

/// The next network event, and its delay.
fn network(events: &EventLog) -> (bool, Duration) {
    let begun = Instant::now();
    let is_back = events.wait_for(|event| match event {
        Event::NetworkLost { .. } => Some(false),
        Event::NetworkAvailable { .. } => Some(true),
        _ => None,
    });
    (is_back, begun.elapsed())
}

#[test]
fn reacts_at_once_to_lost_and_restored_group() {
    let (server, dir, hardware) = (server(), TempDir::new().unwrap(), Arc::new(Hardware::default()));
    let (own_listener, events) = listener();
    let fieldcast = opened_with(&dir, &hardware, own_listener).unwrap();
    wait(fieldcast.make_group(None)).unwrap();
    let made = wait(fieldcast.make_group(None)).unwrap();
    let [stale, changes] = [0, 1].map(|at| hardware.changes.lock().unwrap()[at].clone());
    let interface = Some(made.interface.addr.to_string());
    let options = ExchangeOptions { network: interface, mdns: false, accept_all: true, ..options() };
    let receiving = wait(fieldcast.start_receive(options.clone())).unwrap();
    let before = receiving.addr().unwrap();

    stale.lost().unwrap();
    assert_eq!(receiving.addr().unwrap(), before, "a report about another group is ignored");
    changes.lost().unwrap();
    let (is_back, after) = network(&events);
    assert!(!is_back && after < Duration::from_millis(900), "{after:?}: must not wait for two interface polls");
    assert_eq!(receiving.addr().unwrap(), None, "the interface still exists, but is not used");
    stale.here(made.interface.addr).unwrap();
    changes.here(made.interface.addr).unwrap();
    let (is_back, after) = network(&events);
    assert!(is_back && after < Duration::from_millis(900), "{after:?}");
    let addr = receiving.addr().unwrap().unwrap();

    let distributor = phone("ffi-group", listener().0);
    distributor.downsync(&server, 1);
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), options)).unwrap();
    let found = wait(offering.find_at(addr)).unwrap();
    offering.send_to(found.fingerprint).unwrap();
    let question = events.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question.id),
        _ => None,
    });
    receiving.answer(question, Answer::Once).unwrap();
    wait(offering.finished()).unwrap();
    assert_eq!(distributor.digests().len(), wait(fieldcast.datasets()).unwrap().len());

    changes.lost().unwrap();
    assert!(!network(&events).0);
    wait(fieldcast.leave_group()).unwrap();
    assert!(network(&events).0, "the group was left, and its address is an ordinary one");
    changes.lost().unwrap();
    stale.lost().unwrap();
    assert!(receiving.addr().unwrap().is_some());
}
