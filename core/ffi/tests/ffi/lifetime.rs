//! Opening and shutting down.

use std::io::Read;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fieldcast::Fingerprint;
use fieldcast_ffi::{Fieldcast, FieldcastError, PlatformPorts, doctor, fingerprint_words, parse_invite, qr_matrix};

use crate::listener::{Blocks, listener};
use crate::phone::{begin, options, phone, server, settings, wait};

#[test]
fn frees_folder_after_each_shutdown() {
    let mut phone = phone("ffi-again", listener().0);
    let fingerprint = phone.fieldcast.device().unwrap().fingerprint;
    let in_use = wait(Fieldcast::open(settings(&phone.dir, "ffi-again"), PlatformPorts::default(), listener().0));
    assert!(matches!(in_use, Err(FieldcastError::InUse { .. })));
    for _ in 0..20 {
        let receiving = wait(phone.fieldcast.start_receive(options())).unwrap();
        wait(phone.fieldcast.shut_down()).unwrap();
        wait(phone.fieldcast.shut_down()).unwrap();
        assert!(matches!(receiving.addr(), Err(FieldcastError::Over { .. })));
        wait(receiving.stop()).unwrap();
        assert!(matches!(wait(phone.fieldcast.datasets()), Err(FieldcastError::ShutDown { .. })));
        phone.fieldcast =
            wait(Fieldcast::open(settings(&phone.dir, "ffi-again"), PlatformPorts::default(), listener().0)).unwrap();
        assert_eq!(phone.fieldcast.device().unwrap().fingerprint, fingerprint);
    }
}

#[test]
fn frees_folder_after_drop_without_shutdown() {
    let phone = phone("ffi-dropped", Arc::new(Blocks));
    let receiving = wait(phone.fieldcast.start_receive(options())).unwrap();
    let (fieldcast, dir) = (phone.fieldcast, phone.dir);
    drop(fieldcast);
    assert!(receiving.addr().is_ok(), "a session keeps its engine alive");
    drop(receiving);
    let begun = std::time::Instant::now();
    while let Err(error) =
        wait(Fieldcast::open(settings(&dir, "ffi-dropped"), PlatformPorts::default(), Arc::new(Blocks)))
    {
        assert!(matches!(error, FieldcastError::InUse { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10), "the folder is still in use");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn drops_work_of_dropped_call() {
    let phone = phone("ffi-drops", listener().0);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let text = |text: &str| text.to_owned();
    let mut login = Box::pin(phone.fieldcast.login(url, text("mz"), text("u"), text("p")));
    begin(&mut login);
    let (mut connection, _) = silent.accept().unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut request = [0; 4];
    connection.read_exact(&mut request).unwrap();
    assert_eq!(&request, b"POST");
    drop(login);
    let rest = connection.read_to_end(&mut Vec::new());
    assert!(rest.is_ok(), "the request was disconnected: {rest:?}");
}

#[test]
fn keeps_downloaded_data_of_cancelled_job() {
    let server = server();
    let phone = phone("ffi-cancels", listener().0);
    phone.downsync(&server, 1);
    let before = phone.digests();
    let project = wait(phone.fieldcast.choose_project(None)).unwrap();
    let leaf = before.iter().find_map(|(dataset, ..)| dataset.boundary.clone()).unwrap();
    let job = wait(phone.fieldcast.start_downsync(project, vec![leaf], true)).unwrap();
    let finished = pin!(job.finished());
    job.cancel().unwrap();
    assert!(matches!(wait(finished), Err(FieldcastError::Over { .. })));
    assert_eq!(phone.digests(), before);
}

#[test]
fn distinguishes_errors() {
    let server = server();
    let phone = phone("ffi-errors", listener().0);
    assert!(matches!(wait(phone.fieldcast.projects()), Err(FieldcastError::LoginNeeded { .. })));
    let text = |text: &str| text.to_owned();
    let wrong = wait(phone.fieldcast.login(server.url.clone(), text("mz"), text("distributor"), text("guess")));
    assert!(matches!(wrong, Err(FieldcastError::WrongCredentials { .. })), "{wrong:?}");
    let nothing = wait(phone.fieldcast.start_offer(Vec::new(), options())).err();
    assert!(matches!(nothing, Some(FieldcastError::ChooseAgain { .. })), "{nothing:?}");
    let interface = Some(text("no-such-network"));
    let nowhere =
        wait(phone.fieldcast.start_receive(fieldcast_ffi::ExchangeOptions { network: interface, ..options() })).err();
    assert!(matches!(nowhere, Some(FieldcastError::NoNetwork { .. })), "{nowhere:?}");
    let nothing = wait(phone.fieldcast.inspect_bundle(phone.dir.path().join("none.fcb")));
    assert!(matches!(nothing, Err(FieldcastError::FileFailed { .. })), "{nothing:?}");
}

#[test]
fn runs_doctor_without_open_fieldcast() {
    let phone = phone("ffi-doctor", listener().0);
    let checks = wait(doctor(phone.dir.path().to_owned(), Some("127.0.0.1".to_owned()))).unwrap();
    assert_eq!(checks.len(), 8, "{checks:?}");
    assert!(matches!(parse_invite("hello".to_owned(), 0), Err(FieldcastError::Unreadable { .. })));
    assert_eq!(fingerprint_words(Fingerprint([0; 32])).unwrap(), "babab-babab");
    let code = qr_matrix("hello".to_owned()).unwrap();
    assert_eq!(code.dark.len(), code.width * code.width);
}
