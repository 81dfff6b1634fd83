use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::{LONG, SHORT, connect, connected, device, lo};
use crate::pending_handshakes::HandshakeLimits;
use crate::{Connection, Error, Interface, Listener, dial};

/// The error of a device when `caller` controls the client socket.
async fn answered(client: impl AsyncFnOnce(TcpStream)) -> Error {
    let socket = TcpListener::bind((lo().addr, 0)).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let answer = async {
        let (stream, client) = socket.accept().await.unwrap();
        Connection::accept(stream, client, device().credentials().server().unwrap()).await
    };
    let call = async { client(TcpStream::connect(addr).await.unwrap()).await };
    tokio::join!(answer, call).0.unwrap_err()
}

async fn shake(stream: TcpStream, config: ClientConfig) {
    let name = ServerName::IpAddress(lo().addr.into());
    if let Ok(mut tls) = TlsConnector::from(Arc::new(config)).connect(name, stream).await {
        let _ = tls.read(&mut [0]).await; // until the peer closes the connection
    }
}

fn honest_config() -> ClientConfig {
    Arc::unwrap_or_clone(device().credentials().client(None, Arc::default()).unwrap())
}

#[tokio::test]
async fn proves_both_identities() {
    let (client, server) = (device(), device());
    let mut listener = Listener::bind(&lo(), 0, &server).await.unwrap();
    for expected in [None, Some(server.fingerprint())] {
        let (out, inward) = tokio::join!(connect(&client, listener.addr(), expected), listener.accept());
        let (out, inward) = (out.unwrap(), inward.unwrap());
        assert_eq!(out.peer(), server.fingerprint());
        assert_eq!(inward.peer(), client.fingerprint());
    }
    assert_eq!(listener.rejected(), 0);
}

#[tokio::test]
async fn rejects_unexpected_device() {
    let (client, server, meant) = (device(), device(), device().fingerprint());
    let listener = Listener::bind(&lo(), 0, &server).await.unwrap();
    let error = dial(&lo(), &client, listener.addr(), Some(meant), LONG).await.unwrap_err();
    let Error::WrongPeer { expected, found } = error else { panic!("{error:?}") };
    assert_eq!((expected, found), (meant, server.fingerprint()));
}

#[tokio::test]
async fn exports_same_secret_on_both_ends() {
    let ((out, inward), (other, _)) = tokio::join!(connected(), connected());
    let secret = out.exporter(b"code", b"7").unwrap();
    assert_eq!(secret, inward.exporter(b"code", b"7").unwrap());
    assert_ne!(secret, out.exporter(b"code", b"8").unwrap());
    assert_ne!(secret, out.exporter(b"edoc", b"7").unwrap());
    assert_ne!(secret, other.exporter(b"code", b"7").unwrap());
}

#[tokio::test]
async fn rejects_client_without_key() {
    let mut config = honest_config();
    config.client_auth_cert_resolver = Arc::new(NoKey);
    let error = answered(async |stream| shake(stream, config).await).await;
    assert!(matches!(&error, Error::Tls { reason } if reason.contains("certificate")), "{error:?}");
}

#[derive(Debug)]
struct NoKey;

impl rustls::client::ResolvesClientCert for NoKey {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }

    fn only_raw_public_keys(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn rejects_claimed_key_without_proof() {
    let (mut config, victim) = (honest_config(), device());
    let spki = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], &victim.public_key()[..]];
    let own = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
    let own = rustls::crypto::ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(own.as_ref())).unwrap();
    let claimed = rustls::sign::CertifiedKey::new(vec![CertificateDer::from(spki.concat())], own);
    config.client_auth_cert_resolver = Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(claimed)));
    let error = answered(async |stream| shake(stream, config).await).await;
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn reports_other_protocol_version() {
    for alpn in [vec![b"fieldcast/2".to_vec()], vec![]] {
        let mut config = honest_config();
        config.alpn_protocols = alpn;
        let error = answered(async |stream| shake(stream, config).await).await;
        assert!(matches!(error, Error::OtherVersion), "{error:?}");
    }
}

/// A ClientHello that offers TLS 1.2 with one good cipher and nothing else.
fn tls12_hello() -> Vec<u8> {
    let mut hello = vec![0x03, 0x03];
    hello.extend([7; 32]);
    hello.push(0);
    hello.extend([0x00, 0x02, 0xc0, 0x2b, 0x01, 0x00]);
    hello.extend([0x00, 0x10]); // extensions: signature algorithms, groups
    hello.extend([0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03]);
    hello.extend([0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17]);
    let mut record = vec![0x16, 0x03, 0x01, 0, hello.len() as u8 + 4, 1, 0, 0, hello.len() as u8];
    record.extend(hello);
    record
}

#[tokio::test]
async fn rejects_everything_but_tls_1_3() {
    let http = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    for bytes in [tls12_hello(), http, vec![0x16, 0x03, 0x01, 0xff, 0xff], vec![0; 64]] {
        let error = answered(async |mut stream| {
            stream.write_all(&bytes).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await;
        assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    }
    let disconnected = answered(async |stream| drop(stream)).await;
    assert!(matches!(disconnected, Error::Cut), "{disconnected:?}");
}

#[tokio::test]
async fn closes_stalled_handshake_after_timeout() {
    let limits = HandshakeLimits { time: SHORT, ..HandshakeLimits::of(&lo()) };
    let listener = Listener::bind_with(&lo(), 0, &device(), limits).await.unwrap();
    let mut stalled = TcpStream::connect(listener.addr()).await.unwrap();
    stalled.write_all(&tls12_hello()[..20]).await.unwrap();
    let ended = tokio::time::timeout(LONG, stalled.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "the device closes the connection");
    assert_eq!(listener.rejected(), 1);
}

#[tokio::test]
async fn distinguishes_reasons_for_no_answer() {
    let me = device();
    let silent = TcpListener::bind((lo().addr, 0)).await.unwrap();
    let addr = silent.local_addr().unwrap();
    assert!(matches!(dial(&lo(), &me, addr, None, SHORT).await, Err(Error::Timeout)));
    drop(silent);
    assert!(matches!(dial(&lo(), &me, addr, None, LONG).await, Err(Error::Refused)));
    let v6 = SocketAddr::from(([0u16; 8], 9));
    assert!(matches!(dial(&lo(), &me, v6, None, LONG).await, Err(Error::Unreachable)));
    let gone = Interface { addr: [192, 0, 2, 1].into(), is_loopback: false, ..lo() };
    assert!(matches!(dial(&gone, &me, addr, None, LONG).await, Err(Error::InterfaceGone { .. })));
    assert!(matches!(Listener::bind(&gone, 0, &me).await, Err(Error::InterfaceGone { .. })));
}

#[tokio::test]
async fn reports_port_in_use_until_listener_drops() {
    let me = device();
    let first = Listener::bind(&lo(), 0, &me).await.unwrap();
    let taken = first.addr().port();
    let error = Listener::bind(&lo(), taken, &me).await.unwrap_err();
    assert!(matches!(error, Error::PortInUse { port } if port == taken), "{error:?}");
    drop(first);
    // The task with the socket ends when it runs next.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(Listener::bind(&lo(), taken, &me).await.is_ok());
}
