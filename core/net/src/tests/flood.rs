use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{LONG, call, device, lo, lo_at};
use crate::waiting::HandshakeLimits;
use crate::{Listener, dial};

/// Callers who connect and say nothing.
async fn idle_callers(listener: &Listener, count: usize) -> Vec<TcpStream> {
    let mut callers = Vec::new();
    for _ in 0..count {
        callers.push(TcpStream::connect(listener.addr()).await.unwrap());
    }
    callers
}

#[tokio::test]
async fn one_address_cannot_take_every_place() {
    let limits = HandshakeLimits { per_address: 4, ..HandshakeLimits::of(&lo()) };
    let mut listener = Listener::bind_with(&lo(), 0, &device(), limits).await.unwrap();
    let mut idle = idle_callers(&listener, 40).await;
    let (caller, elsewhere) = (device(), lo_at(2));
    let (call, taken) = tokio::join!(dial(&elsewhere, &caller, listener.addr(), None, LONG), listener.accept());
    assert_eq!(taken.unwrap().peer(), caller.fingerprint());
    call.unwrap();
    assert_eq!(listener.turned_away(), 36);
    for turned_away in &mut idle[4..] {
        assert!(matches!(turned_away.read(&mut [0]).await, Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn a_flood_from_everywhere_is_bounded_and_the_oldest_makes_way() {
    let limits = HandshakeLimits {
        at_once: 4,
        per_address: usize::MAX,
        grace: Duration::from_millis(5),
        ..HandshakeLimits::of(&lo())
    };
    let mut listener = Listener::bind_with(&lo(), 0, &device(), limits).await.unwrap();
    let idle = idle_callers(&listener, 20).await;
    let caller = device();
    let (call, taken) = tokio::join!(call(&caller, listener.addr(), None), listener.accept());
    assert_eq!(taken.unwrap().peer(), caller.fingerprint());
    call.unwrap();
    assert!(listener.turned_away() >= 16, "{}", listener.turned_away());
    drop(idle);
}

#[tokio::test]
async fn a_whole_team_may_call_at_once() {
    let mut listener = Listener::bind(&lo(), 0, &device()).await.unwrap();
    let addr = listener.addr();
    let team: Vec<_> =
        (0..60).map(|_| tokio::spawn(async move { dial(&lo(), &device(), addr, None, LONG).await })).collect();
    for _ in 0..60 {
        tokio::time::timeout(LONG, listener.accept()).await.unwrap().unwrap();
    }
    for call in team {
        call.await.unwrap().unwrap();
    }
    assert_eq!(listener.turned_away(), 0);
}

#[tokio::test]
async fn callers_nobody_takes_are_hung_up_on() {
    let mut listener = Listener::bind(&lo(), 0, &device()).await.unwrap();
    let mut calls = Vec::new();
    for _ in 0..40 {
        calls.push(call(&device(), listener.addr(), None).await.unwrap());
    }
    let counted = async {
        while listener.turned_away() < 8 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, counted).await.unwrap();
    for _ in 0..32 {
        listener.accept().await.unwrap();
    }
    assert_eq!(listener.turned_away(), 8);
}
