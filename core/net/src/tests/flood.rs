use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{LONG, connect, device, lo, lo_at};
use crate::pending_handshakes::HandshakeLimits;
use crate::{Listener, dial};

/// Clients that connect and send nothing.
async fn idle_clients(listener: &Listener, count: usize) -> Vec<TcpStream> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(TcpStream::connect(listener.addr()).await.unwrap());
    }
    clients
}

#[tokio::test]
async fn limits_handshakes_per_address() {
    let limits = HandshakeLimits { per_address: 4, ..HandshakeLimits::of(&lo()) };
    let mut listener = Listener::bind_with(&lo(), 0, &device(), limits).await.unwrap();
    let mut idle = idle_clients(&listener, 40).await;
    let (client, elsewhere) = (device(), lo_at(2));
    let (outgoing, taken) = tokio::join!(dial(&elsewhere, &client, listener.addr(), None, LONG), listener.accept());
    assert_eq!(taken.unwrap().peer(), client.fingerprint());
    outgoing.unwrap();
    assert_eq!(listener.rejected(), 36);
    for rejected in &mut idle[4..] {
        assert!(matches!(rejected.read(&mut [0]).await, Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn replaces_oldest_handshake_in_flood() {
    let limits = HandshakeLimits {
        at_once: 4,
        per_address: usize::MAX,
        grace: Duration::from_millis(5),
        ..HandshakeLimits::of(&lo())
    };
    let mut listener = Listener::bind_with(&lo(), 0, &device(), limits).await.unwrap();
    let idle = idle_clients(&listener, 20).await;
    let client = device();
    let (outgoing, taken) = tokio::join!(connect(&client, listener.addr(), None), listener.accept());
    assert_eq!(taken.unwrap().peer(), client.fingerprint());
    outgoing.unwrap();
    assert!(listener.rejected() >= 16, "{}", listener.rejected());
    drop(idle);
}

#[tokio::test]
async fn accepts_whole_team_at_once() {
    let mut listener = Listener::bind(&lo(), 0, &device()).await.unwrap();
    let addr = listener.addr();
    let team: Vec<_> =
        (0..60).map(|_| tokio::spawn(async move { dial(&lo(), &device(), addr, None, LONG).await })).collect();
    for _ in 0..60 {
        tokio::time::timeout(LONG, listener.accept()).await.unwrap().unwrap();
    }
    for connect in team {
        connect.await.unwrap().unwrap();
    }
    assert_eq!(listener.rejected(), 0);
}

#[tokio::test]
async fn closes_connections_when_queue_is_full() {
    let mut listener = Listener::bind(&lo(), 0, &device()).await.unwrap();
    let mut connections = Vec::new();
    for _ in 0..40 {
        connections.push(connect(&device(), listener.addr(), None).await.unwrap());
    }
    let counted = async {
        while listener.rejected() < 8 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, counted).await.unwrap();
    for _ in 0..32 {
        listener.accept().await.unwrap();
    }
    assert_eq!(listener.rejected(), 8);
}
