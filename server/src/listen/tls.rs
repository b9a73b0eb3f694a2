//! The server's certificate: given by the administrator, or made at the first start and kept.
//!
//! A device knows its server by the fingerprint of this certificate, handed over at enrolment, and by nothing
//! else; so a certificate that we make ourselves is as good as any, and its dates do not matter.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_sync_core::ids::Digest;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// File of a certificate of our own making.
const CERTIFICATE_FILE: &str = "certificate.pem";

/// File of its private key, readable by the owner only.
const KEY_FILE: &str = "key.pem";

/// File of the certificate that the administrator gave, and of its key; readable by the owner only. One file, so
/// that a crash leaves the old pair or the new one.
const GIVEN_FILE: &str = "given.pem";

/// Names that every certificate of our own making is good for.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why there is no certificate to listen with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the certificate or its key cannot be read.
    #[error("{} cannot be read: {source}; give the PEM files by --tls-cert and --tls-key", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} holds no {expected} in PEM form: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        expected: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The key is another certificate's.
    #[error("the key in {} does not belong to the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
    },
    /// TLS refuses the certificate or its key.
    #[error("the certificate in {} cannot be used: {source}", certificate.display())]
    Refused {
        /// File of the certificate.
        certificate: PathBuf,
        /// What TLS said.
        source: rustls::Error,
    },
    /// A certificate of our own could not be made.
    #[error("no certificate could be made for these names: {source}")]
    Making {
        /// What went wrong.
        source: rcgen::Error,
    },
    /// A certificate of our own could not be kept.
    #[error("{} cannot be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A certificate with its key, ready to listen with.
#[derive(Debug, Clone)]
pub struct TlsIdentity {
    pub(super) config: Arc<rustls::ServerConfig>,
    fingerprint: Digest,
}

impl TlsIdentity {
    /// Reads a certificate (or a chain, the server's own first) and its key from PEM files.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = read_chain(certificate)?;
        let key_der = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| TlsError::Malformed {
            path: key.to_owned(),
            expected: "private key",
            problem: error.to_string(),
        })?;
        let fingerprint = chain.first().map_or(Digest([0; 32]), |own| fingerprint(own));
        let config = configure(chain, key_der).map_err(|source| {
            if matches!(source, rustls::Error::InconsistentKeys(_)) {
                TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
            } else {
                TlsError::Refused { certificate: certificate.to_owned(), source }
            }
        })?;
        Ok(Self { config: Arc::new(config), fingerprint })
    }

    /// Reads a certificate and its key as [`TlsIdentity::load`] and keeps both in `folder`: from now on they are what
    /// [`TlsIdentity::kept`] gives, also when the files themselves are gone or were renewed.
    pub fn keep(folder: &Path, certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let identity = Self::load(certificate, key)?;
        let mut both = read(certificate)?;
        if certificate != key {
            both.push(b'\n');
            both.extend(read(key)?);
        }
        let given = folder.join(GIVEN_FILE);
        if std::fs::read(&given).ok().as_ref() != Some(&both) {
            make_folder(folder)?;
            write_private(&given, &both)?;
        }
        Ok(identity)
    }

    /// The certificate kept in `folder`: the one that the administrator gave, else the one of our own making.
    /// `None` where there is neither yet.
    pub fn kept(folder: &Path) -> Result<Option<Self>, TlsError> {
        let (given, own) = (folder.join(GIVEN_FILE), folder.join(CERTIFICATE_FILE));
        if given.exists() {
            Self::load(&given, &given).map(Some)
        } else if own.exists() {
            Self::load(&own, &folder.join(KEY_FILE)).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The certificate kept in `folder`, or a new one for this machine and `hosts`, which is kept there. It is made
    /// once: devices know the server by it.
    pub fn load_or_make(folder: &Path, hosts: &[String]) -> Result<Self, TlsError> {
        if let Some(kept) = Self::kept(folder)? {
            return Ok(kept);
        }
        let (certificate, key) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
        let (certificate_pem, key_pem) = make(hosts)?;
        make_folder(folder)?;
        // The key first: a certificate file says that both are there.
        write_private(&key, key_pem.as_bytes())?;
        write_private(&certificate, certificate_pem.as_bytes())?;
        Self::load(&certificate, &key)
    }

    /// BLAKE3 of the certificate's DER: what devices know the server by.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }
}

/// A fingerprint as a person compares it: eight groups of eight hexadecimal digits.
#[must_use]
pub fn grouped(fingerprint: &Digest) -> String {
    let groups: Vec<String> = fingerprint.0.chunks(4).map(|group| data_encoding::HEXLOWER.encode(group)).collect();
    groups.join(" ")
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Digest {
    Digest(*blake3::hash(certificate).as_bytes())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let malformed = |problem| TlsError::Malformed { path: path.to_owned(), expected: "certificate", problem };
    let pem = read(path)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| malformed(error.to_string()))?;
    if chain.is_empty() { Err(malformed("no certificate found".into())) } else { Ok(chain) }
}

/// The configuration with ring, named explicitly: with several providers in one program rustls chooses none.
fn configure(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<rustls::ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// PEM of a new certificate and of its key.
fn make(hosts: &[String]) -> Result<(String, String), TlsError> {
    let making = |source| TlsError::Making { source };
    let mut names: Vec<String> = OWN_NAMES.map(str::to_owned).to_vec();
    names.extend(hosts.iter().filter(|host| !OWN_NAMES.contains(&host.as_str())).cloned());
    let mut params = rcgen::CertificateParams::new(names).map_err(making)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Docket");
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = rcgen::KeyPair::generate().map_err(making)?;
    let certificate = params.self_signed(&key).map_err(making)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn make_folder(folder: &Path) -> Result<(), TlsError> {
    std::fs::create_dir_all(folder).map_err(|source| TlsError::Unwritable { path: folder.to_owned(), source })
}

/// Writes a file that only its owner reads; whole or not at all.
fn write_private(path: &Path, content: &[u8]) -> Result<(), TlsError> {
    let written = || -> io::Result<()> {
        let new = path.with_extension("new");
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    written().map_err(|source| TlsError::Unwritable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let first = TlsIdentity::load_or_make(folder.path(), &["docket.example".into(), "localhost".into()]).unwrap();
        let kept = TlsIdentity::load_or_make(folder.path(), &[]).unwrap();
        assert_eq!(first.fingerprint(), kept.fingerprint());
        let pem = std::fs::read(folder.path().join(CERTIFICATE_FILE)).unwrap();
        let der = CertificateDer::from_pem_slice(&pem).unwrap();
        assert_eq!(first.fingerprint(), Digest(*blake3::hash(&der).as_bytes()));
        for name in [b"docket.example".as_slice(), b"localhost", b"Docket", &[127, 0, 0, 1]] {
            assert!(der.windows(name.len()).any(|part| part == name), "{name:?} is not in the certificate");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "others can read the key");
        }
    }

    #[test]
    fn a_given_certificate_is_kept_and_goes_before_our_own() {
        let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert!(TlsIdentity::kept(data.path()).unwrap().is_none(), "looking makes nothing");
        assert!(std::fs::read_dir(data.path()).unwrap().next().is_none());
        let own = TlsIdentity::load_or_make(data.path(), &[]).unwrap();
        let given = TlsIdentity::load_or_make(elsewhere.path(), &[]).unwrap();
        let (certificate, key) = (elsewhere.path().join(CERTIFICATE_FILE), elsewhere.path().join(KEY_FILE));
        assert_ne!(own.fingerprint(), given.fingerprint());
        TlsIdentity::keep(data.path(), &certificate, &key).unwrap();
        drop(elsewhere);
        assert_eq!(TlsIdentity::kept(data.path()).unwrap().unwrap().fingerprint(), given.fingerprint());
        assert_eq!(TlsIdentity::load_or_make(data.path(), &[]).unwrap().fingerprint(), given.fingerprint());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(data.path().join(GIVEN_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "others can read the key");
        }
    }

    #[test]
    fn unreadable_malformed_and_mismatched_files_are_named() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &other] {
            TlsIdentity::load_or_make(folder.path(), &[]).unwrap();
        }
        let (certificate, key) = (one.path().join(CERTIFICATE_FILE), one.path().join(KEY_FILE));
        let check = |certificate: &Path, key: &Path| TlsIdentity::load(certificate, key).unwrap_err().to_string();
        assert!(check(&one.path().join("absent"), &key).contains("absent cannot be read"));
        assert!(check(&key, &key).contains("holds no certificate in PEM form"));
        assert!(check(&certificate, &certificate).contains("holds no private key in PEM form"));
        let mismatch = check(&certificate, &other.path().join(KEY_FILE));
        assert!(mismatch.contains("does not belong to the certificate"), "{mismatch}");
    }

    #[test]
    fn fingerprints_are_shown_in_groups() {
        assert_eq!(grouped(&Digest([0xab; 32])), ["abababab"; 8].join(" "));
    }
}
