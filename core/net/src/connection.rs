//! A connection: TCP and TLS, with both keys proven.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use fieldcast_model::Fingerprint;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, CommonState, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::traffic::CountedStream;
use crate::{Error, FrameReader, FrameWriter, Identity, Traffic, fingerprint_of, socket, tls, verifier};

pub(crate) type Stream = TlsStream<CountedStream<TcpStream>>;

/// A connection to a device that has proven its key. Dropping it closes it, which the peer sees as a loss;
/// [`FrameWriter::shutdown`] closes it in an orderly way.
pub struct Connection {
    pub(crate) stream: Stream,
    peer_addr: SocketAddr,
    peer_key: [u8; 32],
    traffic: Arc<Traffic>,
}

impl Connection {
    /// Runs the client handshake with the peer at `peer_addr`: both sides prove their keys. Has no time limit.
    pub(crate) async fn connect(
        stream: TcpStream,
        peer_addr: SocketAddr,
        identity: &Identity,
        expected: Option<Fingerprint>,
    ) -> Result<Self, Error> {
        let unexpected = Arc::new(OnceLock::new());
        let config: Arc<ClientConfig> = identity.credentials().client(expected, unexpected.clone())?;
        let name = ServerName::IpAddress(peer_addr.ip().into());
        match TlsConnector::from(config).connect(name, counted(stream)?).await {
            Ok(stream) => Self::established(stream.into(), peer_addr),
            Err(error) => Err(match (expected, unexpected.get()) {
                (Some(expected), Some(&found)) => Error::WrongPeer { expected, found },
                _ => Error::from_stream(error),
            }),
        }
    }

    /// Runs the server handshake, the counterpart of [`connect`](Self::connect).
    pub(crate) async fn accept(
        stream: TcpStream,
        peer_addr: SocketAddr,
        config: Arc<ServerConfig>,
    ) -> Result<Self, Error> {
        let stream = TlsAcceptor::from(config).accept(counted(stream)?).await.map_err(Error::from_stream)?;
        Self::established(stream.into(), peer_addr)
    }

    fn established(stream: Stream, peer_addr: SocketAddr) -> Result<Self, Error> {
        let (socket, tls) = stream.get_ref();
        // The handshake also succeeds with a peer that names no protocol.
        if tls.alpn_protocol() != Some(tls::ALPN) {
            return Err(Error::OtherVersion);
        }
        let peer_key = peer_key(tls).ok_or_else(|| Error::Tls { reason: "no peer key".to_owned() })?;
        let traffic = socket.traffic().clone();
        Ok(Self { stream, peer_addr, peer_key, traffic })
    }

    /// The proven fingerprint of the peer.
    pub fn peer(&self) -> Fingerprint {
        fingerprint_of(&self.peer_key)
    }

    /// The proven raw Ed25519 public key of the peer.
    pub fn peer_key(&self) -> [u8; 32] {
        self.peer_key
    }

    /// The address of the peer.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer_addr
    }

    /// The byte counters of this connection. They continue after [`split`](Self::split).
    pub fn traffic(&self) -> Arc<Traffic> {
        self.traffic.clone()
    }

    /// Secret bytes that only the two ends of this connection can compute (RFC 8446, section 7.5). An attacker in the
    /// middle has two connections and gets two different values.
    ///
    /// # Errors
    /// [`Error::Tls`] if TLS cannot compute them. This cannot happen on an established connection.
    pub fn exporter(&self, label: &[u8], context: &[u8]) -> Result<[u8; 32], Error> {
        let exported = match &self.stream {
            TlsStream::Client(stream) => stream.get_ref().1.export_keying_material([0; 32], label, Some(context)),
            TlsStream::Server(stream) => stream.get_ref().1.export_keying_material([0; 32], label, Some(context)),
        };
        exported.map_err(|error| Error::Tls { reason: error.to_string() })
    }

    /// Splits the connection into its two directions, each for a separate task.
    pub fn split(self) -> (FrameReader, FrameWriter) {
        let (read, write) = tokio::io::split(self.stream);
        (FrameReader::new(read), FrameWriter::new(write))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("peer", &self.peer()).finish_non_exhaustive()
    }
}

fn counted(stream: TcpStream) -> Result<CountedStream<TcpStream>, Error> {
    socket::tune(&stream).map_err(Error::from_stream)?;
    Ok(CountedStream::new(stream))
}

fn peer_key(tls: &CommonState) -> Option<[u8; 32]> {
    verifier::raw_key(tls.peer_certificates()?.first()?)
}
