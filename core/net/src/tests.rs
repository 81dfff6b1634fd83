//! Two devices on loopback.

mod discovery;
mod flood;
mod frames;
mod handshake;
mod keys;
mod middle;
mod platform;

use std::net::SocketAddr;
use std::time::Duration;

use fieldcast_model::Fingerprint;

use crate::{Connection, Error, Identity, Interface, Listener, choose_interface, dial};

/// Much longer than any test needs; no test waits for it.
const LONG: Duration = Duration::from_secs(20);
/// Long enough for loopback, and short enough to wait for.
const SHORT: Duration = Duration::from_millis(150);

fn lo() -> Interface {
    choose_interface(Some("127.0.0.1")).unwrap()
}

/// Loopback with another address, as another device would have.
fn lo_at(last: u8) -> Interface {
    Interface { addr: [127, 0, 0, last].into(), ..lo() }
}

fn device() -> Identity {
    Identity::generate().unwrap()
}

/// Connects over loopback.
async fn connect(client: &Identity, addr: SocketAddr, expected: Option<Fingerprint>) -> Result<Connection, Error> {
    dial(&lo(), client, addr, expected, LONG).await
}

/// The two ends of a connection: client and server.
async fn connected() -> (Connection, Connection) {
    let (client, server) = (device(), device());
    let mut listener = Listener::bind(&lo(), 0, &server).await.unwrap();
    let expected = Some(server.fingerprint());
    let (out, inward) = tokio::join!(connect(&client, listener.addr(), expected), listener.accept());
    (out.unwrap(), inward.unwrap())
}
