use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fieldcast_net::Identity;
use fieldcast_store::Store;

use super::{Check, Checked, DoctorSettings, Finding, clock, doctor, folder, network};

fn settings(dir: &Path) -> DoctorSettings {
    DoctorSettings { interface: Some("127.0.0.1".to_owned()), ..DoctorSettings::new(dir) }
}

fn assert_found(check: &Check, checked: Checked, finding: Finding) {
    assert_eq!((check.checked, check.finding), (checked, finding), "{check:?}");
    assert_eq!(check.advice.is_empty(), finding == Finding::Ok, "{check:?}");
    assert!(!check.found.contains('\n') && !check.advice.contains('\n'), "{check:?}");
}

#[tokio::test]
async fn passes_on_new_device_and_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let checks = doctor(settings(&data)).await;
    let all = [
        Checked::Interfaces,
        Checked::Multicast,
        Checked::Port,
        Checked::Disk,
        Checked::Clock,
        Checked::Folder,
        Checked::Key,
        Checked::Database,
    ];
    assert_eq!(checks.iter().map(|check| check.checked).collect::<Vec<_>>(), all);
    assert!(checks.iter().all(|check| check.finding != Finding::Problem), "{checks:?}");
    assert!(!data.exists());
}

#[tokio::test]
async fn finds_unknown_interface_and_taken_port() {
    let dir = tempfile::tempdir().unwrap();
    let checks = doctor(DoctorSettings { interface: Some("p2p-9".to_owned()), ..settings(dir.path()) }).await;
    assert_found(&checks[0], Checked::Interfaces, Finding::Problem);
    assert_found(&checks[1], Checked::Multicast, Finding::Warning);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let checks = doctor(DoctorSettings { port, ..settings(dir.path()) }).await;
    assert_found(&network::echo("p2p0", false), Checked::Multicast, Finding::Problem);
    assert_found(&checks[2], Checked::Port, Finding::Problem);
}

#[test]
fn finds_wrong_clock_and_full_disk() {
    assert_found(&clock::check(0), Checked::Clock, Finding::Problem);
    assert_found(&clock::check(1_790_000_000_000), Checked::Clock, Finding::Ok);
    assert_found(&clock::check(i64::MAX), Checked::Clock, Finding::Problem);

    let with = |free| folder::disk(&DoctorSettings { free_space: Some(free), ..settings(Path::new("/")) });
    assert_found(&with(64 << 20), Checked::Disk, Finding::Problem);
    assert_found(&with(65 << 20), Checked::Disk, Finding::Warning);
    assert_found(&with(1 << 40), Checked::Disk, Finding::Ok);
}

#[test]
fn finds_unusable_folders() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    assert_found(&folder::folder(&settings(dir.path())), Checked::Folder, Finding::Warning);
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert_found(&folder::folder(&settings(&file)), Checked::Folder, Finding::Problem);
    // `/proc` refuses files even from root, which ignores permissions.
    assert_found(&folder::folder(&settings(Path::new("/proc"))), Checked::Folder, Finding::Problem);
}

#[test]
fn checks_key_without_changing_it() {
    let dir = tempfile::tempdir().unwrap();
    let (path, settings) = (dir.path().join("device.key"), settings(dir.path()));
    Identity::load_or_create(&path).unwrap();
    assert_found(&folder::key(&settings), Checked::Key, Finding::Ok);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert_found(&folder::key(&settings), Checked::Key, Finding::Problem);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    fs::write(&path, "no key").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert_found(&folder::key(&settings), Checked::Key, Finding::Problem);
    assert_eq!(fs::read(&path).unwrap(), b"no key");
}

#[test]
fn checks_database_without_changing_it() {
    let dir = tempfile::tempdir().unwrap();
    let (path, settings) = (dir.path().join("fieldcast.db"), settings(dir.path()));
    assert_found(&folder::database(&settings), Checked::Database, Finding::Ok);
    let opened = Store::open(dir.path()).unwrap();
    assert_found(&folder::database(&settings), Checked::Database, Finding::Warning);
    drop(opened);
    let whole = fs::read(&path).unwrap();
    assert_found(&folder::database(&settings), Checked::Database, Finding::Ok);
    assert_eq!(fs::read(&path).unwrap(), whole);
    let damaged = vec![7; 9000];
    fs::write(&path, &damaged).unwrap();
    assert_found(&folder::database(&settings), Checked::Database, Finding::Problem);
    assert_eq!(fs::read(&path).unwrap(), damaged);
}
