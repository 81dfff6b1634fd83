//! What a phone does for Fieldcast, played.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fieldcast_ffi::{
    Answer, Event, EventListener, ExchangeOptions, Fieldcast, FieldcastError, GroupChanges, KeyStore, MulticastLock,
    NetworkKind, NetworkMonitor, PlatformPorts, PortError, Project, WifiGroup, WifiLink,
};
use tempfile::TempDir;

use crate::listener::{Heard, listener};
use crate::phone::{options, phone, server, settings, wait};

/// Plays every port.
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
    ears: Arc<dyn EventListener>,
) -> Result<Arc<Fieldcast>, FieldcastError> {
    let ports = PlatformPorts {
        key_store: Some(hardware.clone()),
        network: Some(hardware.clone()),
        multicast: Some(hardware.clone()),
        link: Some(hardware.clone()),
        discovery: None,
    };
    wait(Fieldcast::open(settings(dir, "ffi-ports"), ports, ears))
}

fn opened(dir: &TempDir, hardware: &Arc<Hardware>) -> Result<Arc<Fieldcast>, FieldcastError> {
    opened_with(dir, hardware, listener().0)
}

#[test]
fn the_key_is_kept_by_the_key_store_and_only_while_that_is_open() {
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
fn mobile_data_is_used_only_when_allowed() {
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
fn the_multicast_lock_is_held_while_a_session_runs() {
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
    assert_eq!(held(), 0, "the end of everything lets go of it too");
    assert!(wait(fieldcast.start_receive(options())).is_err());
    assert_eq!(held(), 0);
}

#[test]
fn groups_are_made_by_the_phone_with_a_name_and_passphrase_of_ours() {
    let (dir, hardware) = (TempDir::new().unwrap(), Arc::new(Hardware::default()));
    let fieldcast = opened(&dir, &hardware).unwrap();
    let made = wait(fieldcast.make_group(None)).unwrap();
    assert_eq!(hardware.groups.lock().unwrap().concat(), made.group.name);
    assert!(made.group.name.starts_with("DIRECT-fc-") && made.interface.is_loopback);
    assert!(!format!("{made:?}").contains(&made.group.passphrase), "no output shows it");
    let error = wait(fieldcast.join_group(made.group)).err().unwrap();
    assert!(matches!(&error, FieldcastError::NoNetwork { reason } if reason.contains("Wi-Fi is off")), "{error}");
    wait(fieldcast.leave_group()).unwrap();
    assert!(hardware.groups.lock().unwrap().is_empty());
}

/// What comes of the network next, and how soon.
fn network(heard: &Heard) -> (bool, Duration) {
    let begun = Instant::now();
    let is_back = heard.wait_for(|event| match event {
        Event::NetworkGone { .. } => Some(false),
        Event::NetworkBack { .. } => Some(true),
        _ => None,
    });
    (is_back, begun.elapsed())
}

#[test]
fn sessions_follow_at_once_when_the_phone_tells_that_its_group_was_lost_or_is_back() {
    let (server, dir, hardware) = (server(), TempDir::new().unwrap(), Arc::new(Hardware::default()));
    let (ears, heard) = listener();
    let fieldcast = opened_with(&dir, &hardware, ears).unwrap();
    wait(fieldcast.make_group(None)).unwrap();
    let made = wait(fieldcast.make_group(None)).unwrap();
    let [stale, changes] = [0, 1].map(|at| hardware.changes.lock().unwrap()[at].clone());
    let interface = Some(made.interface.addr.to_string());
    let options = ExchangeOptions { interface, mdns: false, trust_everybody: true, ..options() };
    let receiving = wait(fieldcast.start_receive(options.clone())).unwrap();
    let before = receiving.addr().unwrap();

    stale.lost().unwrap();
    assert_eq!(receiving.addr().unwrap(), before, "what was told of another group does not count");
    changes.lost().unwrap();
    let (is_back, after) = network(&heard);
    assert!(!is_back && after < Duration::from_millis(900), "{after:?}: not only when it was missing in two looks");
    assert_eq!(receiving.addr().unwrap(), None, "its interface is there all the same, and does not count");
    stale.here(made.interface.addr).unwrap();
    changes.here(made.interface.addr).unwrap();
    let (is_back, after) = network(&heard);
    assert!(is_back && after < Duration::from_millis(900), "{after:?}");
    let addr = receiving.addr().unwrap().unwrap();

    let distributor = phone("ffi-group", listener().0);
    distributor.downsync(&server, 1);
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), options)).unwrap();
    let found = wait(offering.find_at(addr)).unwrap();
    offering.send_to(found.fingerprint).unwrap();
    let question = heard.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question.id),
        _ => None,
    });
    receiving.answer(question, Answer::Once).unwrap();
    wait(offering.finished()).unwrap();
    assert_eq!(distributor.digests().len(), wait(fieldcast.datasets()).unwrap().len());

    changes.lost().unwrap();
    assert!(!network(&heard).0);
    wait(fieldcast.leave_group()).unwrap();
    assert!(network(&heard).0, "it was left, and the address is as any other");
    changes.lost().unwrap();
    stale.lost().unwrap();
    assert!(receiving.addr().unwrap().is_some());
}
