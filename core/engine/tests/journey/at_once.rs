//! The number of concurrent requests to the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fieldcast_sandbox::{Fault, FaultKind, Sandbox, SandboxConfig, When};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::device::device;

const BOUNDARIES: u32 = 6;

/// Unanswered requests: the current number and the maximum.
#[derive(Default)]
struct Waiting {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Waiting {
    fn begin(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    fn end(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Starts a proxy in front of a server that counts requests; returns the URL of the proxy.
async fn counted(server: SocketAddr) -> (String, Arc<Waiting>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let waiting = Arc::new(Waiting::default());
    let shared = waiting.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, waiting) = (TcpStream::connect(server).await.unwrap(), shared.clone());
            tokio::spawn(pass(client, server, waiting));
        }
    });
    (url, waiting)
}

/// Passes bytes in both directions. On one connection each request follows the answer to the one before.
async fn pass(mut client: TcpStream, mut server: TcpStream, waiting: Arc<Waiting>) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_waiting = false;
    loop {
        let passed = tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(len @ 1..) => {
                    if !is_waiting {
                        waiting.begin();
                    }
                    is_waiting = true;
                    server.write_all(&up[..len]).await
                }
                _ => break,
            },
            read = server.read(&mut down) => match read {
                Ok(len @ 1..) => {
                    if is_waiting {
                        waiting.end();
                    }
                    is_waiting = false;
                    client.write_all(&down[..len]).await
                }
                _ => break,
            },
        };
        if passed.is_err() {
            break;
        }
    }
    if is_waiting {
        waiting.end();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_three_of_six_boundaries_at_once() {
    let config = SandboxConfig { households: 60, boundaries: BOUNDARIES, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let moment = sandbox.campaign().moment();
    let slow = |code: &str| Fault::once(When::Boundary(code.to_owned()), FaultKind::Slow { ms: 500 });
    sandbox.add_faults(moment.leaves().iter().map(|leaf| slow(&leaf.code)).collect());
    let (url, waiting) = counted(sandbox.address()).await;
    let distributor = device("at-once").await;
    distributor.login_at(&url).await;
    assert_eq!(waiting.most.load(Ordering::SeqCst), 1, "only the login and the projects so far");
    distributor.downsync(BOUNDARIES as usize).await;
    assert!(sandbox.downsync_requests() >= u64::from(BOUNDARIES));
    assert_eq!((waiting.now.load(Ordering::SeqCst), waiting.most.load(Ordering::SeqCst)), (0, 3));
}
