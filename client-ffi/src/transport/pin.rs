//! TLS to a server that is known by the fingerprint of its certificate, and by nothing else.
//!
//! The certificate is usually self-signed: neither names nor dates nor authorities are asked. That the server
//! holds the certificate's key is proved by the handshake's signature as usual.

use std::sync::Arc;

use docket_sync_core::ids::Digest;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::TransportError;

/// The fingerprint of a certificate: BLAKE3 of its DER.
pub(super) fn fingerprint(certificate: &[u8]) -> Digest {
    Digest(*blake3::hash(certificate).as_bytes())
}

/// A certificate with another fingerprint was shown.
#[derive(Debug, thiserror::Error)]
#[error("the certificate's fingerprint is {shown}")]
struct OtherCertificate {
    shown: Digest,
}

#[derive(Debug)]
struct PinnedVerifier {
    expected: Digest,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = fingerprint(end_entity);
        // Fingerprints are public: comparing them needs no constant time.
        if shown == self.expected {
            Ok(ServerCertVerified::assertion())
        } else {
            let other = OtherError(Arc::new(OtherCertificate { shown }));
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(other)))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Encrypts `stream`, accepting only the certificate with the fingerprint `expected`.
pub(super) async fn handshake(
    stream: TcpStream,
    host: &str,
    expected: Digest,
) -> Result<TlsStream<TcpStream>, TransportError> {
    let connector = TlsConnector::from(Arc::new(configuration(expected)?));
    let name = ServerName::try_from(host.to_owned()).map_err(|_ignored| TransportError::Address(host.to_owned()))?;
    connector.connect(name, stream).await.map_err(from_handshake)
}

/// The provider is named here and nowhere taken from the process, where two libraries may disagree about it.
fn configuration(expected: Digest) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(PinnedVerifier { expected, provider: Arc::clone(&provider) });
    let mut configuration = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::unreachable("setting up encryption", error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

fn from_handshake(error: std::io::Error) -> TransportError {
    let shown = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).and_then(shown_fingerprint);
    match shown {
        Some(shown) => TransportError::WrongServer { shown },
        None => TransportError::unreachable("encrypting the connection", error),
    }
}

fn shown_fingerprint(error: &rustls::Error) -> Option<Digest> {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other))) = error else { return None };
    other.downcast_ref::<OtherCertificate>().map(|other| other.shown)
}
