//! A hostile distributor: TLS 1.3 with a raw public key, frames, and any bytes. It implements the protocol without
//! fieldcast-net, because fieldcast-net refuses to send such data.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use fieldcast_bundle::Manifest;
use fieldcast_model::Fingerprint;
use fieldcast_wire::frame::{FrameHeader, FrameKind};
use fieldcast_wire::{CODE_LABEL, HandshakeSecret, Message};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring as provider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};

/// One connection with a new key.
pub(super) struct Peer {
    stream: StreamOwned<ClientConnection, TcpStream>,
    fingerprint: Fingerprint,
}

impl Peer {
    /// Connects to the receiver at `addr` and completes the TLS handshake.
    pub(super) fn connect(addr: SocketAddr) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a valid key");
        let tcp = TcpStream::connect(addr).expect("a listening receiver");
        tcp.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        tcp.set_nodelay(true).expect("a socket");
        let name = ServerName::IpAddress(addr.ip().into());
        let tls = ClientConnection::new(Arc::new(tls(pkcs8.as_ref())), name).expect("a valid configuration");
        let mut stream = StreamOwned::new(tls, tcp);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("a handshake");
        }
        Self { stream, fingerprint: Fingerprint(*blake3::hash(pair.public_key().as_ref()).as_bytes()) }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// This side's secret for the code comparison.
    pub(super) fn handshake_secret(&self) -> HandshakeSecret {
        let exporter = self.stream.conn.export_keying_material([0; 32], CODE_LABEL, Some(&[])).expect("a connection");
        HandshakeSecret { exporter, nonce: [7; 32] }
    }

    /// Sends raw bytes inside TLS. Ignores errors, because the receiver may have disconnected.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).ok();
    }

    pub(super) fn send_frame(&mut self, kind: FrameKind, payload: &[u8]) {
        let header = FrameHeader::new(kind, payload.len()).expect("an allowed frame").encode();
        self.send_raw(&[&header, payload].concat());
    }

    pub(super) fn send(&mut self, message: &Message) {
        self.send_frame(FrameKind::Control, &message.encode());
    }

    /// Sends a manifest and waits until the receiver requests chunks of it.
    pub(super) fn send_manifest(&mut self, manifest: &Manifest) {
        self.send_frame(FrameKind::Manifest, &manifest.encode());
        self.wait_for(|message| matches!(message, Message::Want(_)));
    }

    /// Reads messages until one matches.
    pub(super) fn wait_for(&mut self, matches: impl Fn(&Message) -> bool) {
        loop {
            let message = self.read();
            if matches(&message) {
                return;
            }
            assert!(!matches!(message, Message::Stop(_)), "{message:?}");
        }
    }

    /// Reads until the receiver's stop message. Returns its reason.
    pub(super) fn reason(&mut self) -> String {
        loop {
            if let Message::Stop(reason) = self.read() {
                return reason.to_string();
            }
        }
    }

    fn read(&mut self) -> Message {
        let mut header = [0; FrameHeader::LEN];
        self.stream.read_exact(&mut header).expect("an answer");
        let header = FrameHeader::decode(header).expect("a valid header");
        let mut payload = vec![0; header.len as usize];
        self.stream.read_exact(&mut payload).expect("the payload");
        Message::decode(&payload).expect("a message")
    }
}

fn tls(pkcs8: &[u8]) -> ClientConfig {
    let key = provider::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).expect("an Ed25519 key");
    let public = CertificateDer::from(key.public_key().expect("a public key").as_ref().to_vec());
    let certified = Arc::new(CertifiedKey::new(vec![public], key));
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyKey))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified)));
    config.alpn_protocols = vec![b"fieldcast/1".to_vec()];
    config
}

/// Accepts any server key.
#[derive(Debug)]
struct AcceptAnyKey;

impl ServerCertVerifier for AcceptAnyKey {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
