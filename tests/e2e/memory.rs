//! Server answers that are small when compressed and large when unpacked. A download must stay below a memory limit.

use std::time::Duration;

use fieldcast_sandbox::{Fault, FaultKind, SandboxConfig, When};

use crate::support::{Device, Ended, Field, Server, config, text};

/// Memory that a phone can spare.
const MEMORY_LIMIT: u64 = 100 << 20;

/// Text items that fill an answer, and the unpacked size in bytes: long texts, many small values, many small records
/// whose text alone is below the limit, and records of many small values. Compressed, they are a thousandth of that.
fn fillings() -> [(String, u64); 6] {
    [
        (format!("\"{}\"", "a".repeat(1 << 20)), 120 << 20),
        (format!("{}0", " ".repeat(1 << 20)), 120 << 20),
        ("[]".to_owned(), 120 << 20),
        ("{}".to_owned(), 120 << 20),
        (r#"{"clientReferenceId":"h"}"#.to_owned(), 30 << 20),
        (format!(r#"{{"clientReferenceId":"h"{}}}"#, r#","":0"#.repeat(1 << 20)), 120 << 20),
    ]
}

/// Downloads all villages and checks the memory limit.
fn download(server: &Server, device: &Device) -> Ended {
    server.log_in(device);
    let command = server.downsync(&server.villages());
    let mut process = device.start(&command.iter().map(String::as_str).collect::<Vec<_>>());
    let mut peak = 0;
    while process.next_within(Duration::from_millis(5)).is_ok() {
        peak = peak.max(process.peak_memory().unwrap_or(0));
        assert!(peak < MEMORY_LIMIT, "the download uses {peak} B of memory");
    }
    println!("peak memory: {peak} B");
    assert!(peak > 0, "the peak could not be read");
    process.finish()
}

#[test]
fn bounds_memory_for_pages_that_expand() {
    let field = Field::new("expanding", 200);
    let server = Server::start(config(80, 6));
    for (village, (item, bytes)) in server.villages().into_iter().zip(fillings()) {
        server.always(When::Boundary(village), FaultKind::Expanded { item, bytes });
    }
    let device = field.device("phone");
    let failed = download(&server, &device).expect(7).events("downsync_failed");
    assert_eq!(failed.len(), 6);
    failed.iter().for_each(|failed| assert!(text(failed, "error").contains("ask the campaign's IT team"), "{failed}"));

    server.sandbox.clear_faults();
    server.fill(&device, &server.villages());
    device.holdings().assert_equal(&server.truth(&server.villages()), "after the faults were cleared");
}

#[test]
fn bounds_memory_for_files_that_expand() {
    let field = Field::new("files", 200);
    let fault = |(number, (item, bytes)): (u64, (String, u64))| {
        let item = item.replacen('{', r#"{"_t":"HOUSEHOLD","#, 1);
        Fault::once(When::Download(number), FaultKind::Expanded { item, bytes: bytes.min(100 << 20) })
    };
    let faults = (1..).zip(fillings()).map(fault).collect();
    let server = Server::start(SandboxConfig { pregen: true, faults, ..config(80, 6) });
    download(&server, &field.device("phone"));
}
