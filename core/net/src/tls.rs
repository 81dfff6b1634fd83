//! TLS 1.3 between two device keys, without certificates, authorities or session resumption.

use std::sync::{Arc, OnceLock};

use fieldcast_model::Fingerprint;
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, ring as provider};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig};

use crate::Error;
use crate::verifier::KeyVerifier;

/// The protocol name in the handshake. Another number means another protocol.
pub(crate) const ALPN: &[u8] = b"fieldcast/1";

/// A device key in the form that rustls requires.
#[derive(Clone)]
pub(crate) struct TlsCredentials(Arc<CertifiedKey>);

impl TlsCredentials {
    /// Creates credentials from an Ed25519 key in PKCS #8; `None` if it is not valid.
    pub(crate) fn new(pkcs8: &[u8]) -> Option<Self> {
        let key = provider::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).ok()?;
        // The raw public key replaces the certificate (RFC 7250).
        let public = CertificateDer::from(key.public_key()?.as_ref().to_vec());
        Some(Self(Arc::new(CertifiedKey::new(vec![public], key))))
    }

    /// The server side: proves this key to the peer and accepts any key of the peer.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>, Error> {
        let provider = crypto();
        let verifier = verifier(&provider, None, Arc::default());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(config_error)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(self.0.clone())));
        config.alpn_protocols = vec![ALPN.to_vec()];
        // A resumed session proves no key, so sessions are never resumed.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Arc::new(config))
    }

    /// The client side: proves this key to the peer and accepts only the expected key. If the peer has another key,
    /// `unexpected` is set to its fingerprint.
    pub(crate) fn client(
        &self,
        expected: Option<Fingerprint>,
        unexpected: Arc<OnceLock<Fingerprint>>,
    ) -> Result<Arc<ClientConfig>, Error> {
        let provider = crypto();
        let verifier = verifier(&provider, expected, unexpected);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(config_error)?
            .dangerous() // no authority is needed: the key itself is the identity of the peer
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(self.0.clone())));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(Arc::new(config))
    }
}

fn verifier(
    provider: &CryptoProvider,
    expected: Option<Fingerprint>,
    unexpected: Arc<OnceLock<Fingerprint>>,
) -> KeyVerifier {
    KeyVerifier { expected, unexpected, algorithms: provider.signature_verification_algorithms }
}

/// ring, with the faster cipher of this processor first. Without AES instructions, as on old phones, ChaCha20 is
/// several times faster; with them, AES-128 is faster. The client's order decides.
fn crypto() -> Arc<CryptoProvider> {
    use provider::cipher_suite::{TLS13_AES_128_GCM_SHA256 as AES, TLS13_CHACHA20_POLY1305_SHA256 as CHACHA};
    let cipher_suites = if has_aes() { vec![AES, CHACHA] } else { vec![CHACHA, AES] };
    Arc::new(CryptoProvider { cipher_suites, ..provider::default_provider() })
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes")
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}

/// rustls rejected the settings: a bug in this crate, but no reason to crash the app.
fn config_error(error: rustls::Error) -> Error {
    Error::Tls { reason: error.to_string() }
}
