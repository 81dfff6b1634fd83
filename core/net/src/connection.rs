//! A connection: TCP under TLS, with both keys proven.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use fieldcast_model::Fingerprint;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, CommonState, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::traffic::Counted;
use crate::{Error, FrameReader, FrameWriter, Identity, Traffic, fingerprint_of, socket, tls, verifier};

pub(crate) type Stream = TlsStream<Counted<TcpStream>>;

/// A connection to a device that has proven its key. Dropping it cuts it, which the other side sees as a loss;
/// [`FrameWriter::shutdown`] says goodbye first.
pub struct Connection {
    pub(crate) stream: Stream,
    peer_addr: SocketAddr,
    peer_key: [u8; 32],
    traffic: Arc<Traffic>,
}

impl Connection {
    /// Proves `identity` to whoever answers at `peer_addr` and has them prove theirs. Sets no time limit.
    pub(crate) async fn call(
        stream: TcpStream,
        peer_addr: SocketAddr,
        identity: &Identity,
        expected: Option<Fingerprint>,
    ) -> Result<Self, Error> {
        let stranger = Arc::new(OnceLock::new());
        let config: Arc<ClientConfig> = identity.credentials().client(expected, stranger.clone())?;
        let name = ServerName::IpAddress(peer_addr.ip().into());
        match TlsConnector::from(config).connect(name, counted(stream)?).await {
            Ok(stream) => Self::established(stream.into(), peer_addr),
            Err(error) => Err(match (expected, stranger.get()) {
                (Some(expected), Some(&found)) => Error::WrongPeer { expected, found },
                _ => Error::from_stream(error),
            }),
        }
    }

    /// The other half of [`call`](Self::call).
    pub(crate) async fn answer(
        stream: TcpStream,
        peer_addr: SocketAddr,
        config: Arc<ServerConfig>,
    ) -> Result<Self, Error> {
        let stream = TlsAcceptor::from(config).accept(counted(stream)?).await.map_err(Error::from_stream)?;
        Self::established(stream.into(), peer_addr)
    }

    fn established(stream: Stream, peer_addr: SocketAddr) -> Result<Self, Error> {
        let (socket, tls) = stream.get_ref();
        // A peer that names no protocol at all gets this far.
        if tls.alpn_protocol() != Some(tls::ALPN) {
            return Err(Error::OtherVersion);
        }
        let peer_key = peer_key(tls).ok_or_else(|| Error::Tls { reason: "no peer key".to_owned() })?;
        let traffic = socket.traffic().clone();
        Ok(Self { stream, peer_addr, peer_key, traffic })
    }

    /// Who the other side has proven to be.
    pub fn peer(&self) -> Fingerprint {
        fingerprint_of(&self.peer_key)
    }

    /// The raw Ed25519 public key the other side has proven to have.
    pub fn peer_key(&self) -> [u8; 32] {
        self.peer_key
    }

    /// Where the other side is: where it was called, or where it called from.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer_addr
    }

    /// The counters of this connection; they live on, and count on, after [`split`](Self::split).
    pub fn traffic(&self) -> Arc<Traffic> {
        self.traffic.clone()
    }

    /// Secret bytes that both ends of this connection, and nobody else, can compute (RFC 8446, section 7.5). Somebody
    /// in the middle has two connections and so two different values.
    ///
    /// # Errors
    /// [`Error::Tls`] when TLS cannot give any; not on a connection that is up.
    pub fn exporter(&self, label: &[u8], context: &[u8]) -> Result<[u8; 32], Error> {
        let exported = match &self.stream {
            TlsStream::Client(stream) => stream.get_ref().1.export_keying_material([0; 32], label, Some(context)),
            TlsStream::Server(stream) => stream.get_ref().1.export_keying_material([0; 32], label, Some(context)),
        };
        exported.map_err(|error| Error::Tls { reason: error.to_string() })
    }

    /// The two directions, each for a task of its own.
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

fn counted(stream: TcpStream) -> Result<Counted<TcpStream>, Error> {
    socket::tune(&stream).map_err(Error::from_stream)?;
    Ok(Counted::new(stream))
}

fn peer_key(tls: &CommonState) -> Option<[u8; 32]> {
    verifier::raw_key(tls.peer_certificates()?.first()?)
}
