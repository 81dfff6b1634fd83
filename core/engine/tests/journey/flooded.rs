//! Forged announcements without limit: the list of receivers keeps room for real ones.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldcast::{
    DeviceName, DiscoveredService, Discovery, DiscoverySink, ExchangeSettings, Fingerprint, Service, TrustedPeer,
    choose_interface,
};

use crate::device::{TIMEOUT, device};
use crate::filled::fill;

/// A platform discovery that the test controls.
#[derive(Clone, Debug, Default)]
struct Phone(Arc<Mutex<Option<DiscoverySink>>>);

impl Discovery for Phone {
    fn start(&self, _: Service, findings: DiscoverySink) -> Box<dyn Send + Sync> {
        *self.0.lock().unwrap() = Some(findings);
        Box::new(())
    }
}

impl Phone {
    /// Announces a receiver at an address.
    fn find(&self, receiver: Fingerprint, addr: [u8; 4]) {
        let (name, fp) = (format!("fc-{}", receiver.short()), receiver.to_string());
        let text = |key: &str| match key {
            "v" => Some("1"),
            "r" => Some("r"),
            "fp" => Some(fp.as_str()),
            _ => None,
        };
        let addresses = [IpAddr::from(addr)];
        let findings = self.0.lock().unwrap().clone().unwrap();
        findings.found(&DiscoveredService { name: &name, addresses: &addresses, port: 7000 }, text);
    }

    fn flood(&self, names: u32, addr: [u8; 4]) {
        for number in 0..names {
            let mut forged = Fingerprint([0xee; 32]);
            forged.0[..4].copy_from_slice(&number.to_be_bytes());
            self.find(forged, addr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_trusted_and_later_receivers_despite_forgeries() {
    let (trusted, later) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
    let known = TrustedPeer { fingerprint: trusted, name: DeviceName::new("Asha"), since: 0 };
    let trusting = |store: &fieldcast_store::Store| {
        fill(store, 4, |_| true);
        store.trust_peer(&known).unwrap();
    };
    let distributor = device("flooded").await.with_store(trusting).await;
    let datasets = distributor.summaries().await.into_iter().map(|summary| summary.dataset).collect();
    let phone = Phone::default();
    let discovery = Some(Arc::new(phone.clone()) as Arc<dyn Discovery>);
    let settings = ExchangeSettings { mdns: false, discovery, ..distributor.engine.exchange_settings() };
    let interface = choose_interface(Some("127.0.0.1")).unwrap();
    let offering = distributor.engine.offer(datasets, interface, settings).await.unwrap();
    // Even at the forger's address.
    phone.find(trusted, [127, 0, 0, 9]);
    phone.flood(1_000, [127, 0, 0, 9]);
    phone.find(later, [127, 0, 0, 2]);
    phone.flood(2_000, [127, 0, 0, 9]);
    let listed = async {
        loop {
            let peers = offering.peers();
            if [trusted, later].iter().all(|one| peers.iter().any(|(peer, _)| peer.fingerprint == *one)) {
                return peers.len();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let count = tokio::time::timeout(TIMEOUT, listed).await.unwrap();
    assert!(count <= 256, "the list is bounded: {count}");
    offering.stop().await;
}
