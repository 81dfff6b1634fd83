//! Announces this device or searches for other devices, to test an interface manually:
//!
//! ```text
//! peers announce INTERFACE NAME SECONDS     announces a device and accepts connections
//! peers browse INTERFACE SECONDS            lists found and lost devices with the elapsed time, and connects to each
//! ```

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use fieldcast_model::DeviceName;
use fieldcast_net::{
    Announcement, DiscoveryEvent, Identity, Interface, Listener, Wanted, announce, browse, choose_interface, dial,
};
use fieldcast_wire::Role;
use tokio::time::timeout;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["announce", interface, name, seconds] => {
            let stay = announce_device(choose_interface(Some(interface))?, name);
            timeout(Duration::from_secs(seconds.parse()?), stay).await.unwrap_or(Ok(()))
        }
        ["browse", interface, seconds] => {
            let search = find(choose_interface(Some(interface))?);
            timeout(Duration::from_secs(seconds.parse()?), search).await.unwrap_or(Ok(()))
        }
        _ => Err("peers announce INTERFACE NAME SECONDS | peers browse INTERFACE SECONDS".into()),
    }
}

async fn announce_device(interface: Interface, name: &str) -> Outcome {
    let identity = Identity::generate()?;
    let mut listener = Listener::bind(&interface, 0, &identity).await?;
    let announcement = Announcement {
        fingerprint: identity.fingerprint(),
        name: DeviceName::new(name),
        role: Role::Receiver,
        port: listener.addr().port(),
        protocol: 1,
        session: identity.session(),
    };
    let _announced = announce(&interface, &announcement)?;
    loop {
        let caller = listener.accept().await?;
        say(&format!("{name} accepted a connection from {}", caller.peer().short()))?;
    }
}

async fn find(interface: Interface) -> Outcome {
    let identity = Identity::generate()?;
    let start = Instant::now();
    let mut browser = browse(&interface, Role::Receiver, None, Wanted::default())?;
    while let Some(event) = browser.next().await {
        let after = start.elapsed().as_millis();
        match event {
            DiscoveryEvent::Found(peer) => {
                let limit = Duration::from_secs(3);
                let dialed = dial(&interface, &identity, peer.addr, Some(peer.fingerprint), limit).await;
                let took = start.elapsed().as_millis() - after;
                let outcome = dialed.map_or_else(|error| error.to_string(), |_| "proven".to_owned());
                let short = peer.fingerprint.short();
                say(&format!("{after:6} ms  {short} {} at {}: {outcome} in {took} ms", peer.name, peer.addr))?;
            }
            DiscoveryEvent::Lost(fingerprint) => say(&format!("{after:6} ms  {} gone", fingerprint.short()))?,
        }
    }
    Ok(())
}

fn say(line: &str) -> Outcome {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
