//! What a server is started with: the options of the command line, and the same checked.
//!
//! There is no file of settings: what changes the meaning of orders is the service policy, which is versioned data
//! in the store, not configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::attachments::limits::Limits;
use crate::attachments::options::AttachmentOptions;
use crate::feed::adapter::Patience;
use crate::listen::{TlsError, TlsIdentity, Transport};
use crate::store::{SledOptions, space};
use crate::telemetry::{DEFAULT_FILTER, LogFormat};

/// Bytes in a MiB.
const MIB: u64 = 1024 * 1024;

/// MiB of cache: less is slow with any store, more than 64 GiB is a typing error.
const CACHE_MIB: std::ops::RangeInclusive<u64> = 8..=65_536;

/// MiB of the disk that may be reserved: without a reserve sled cannot end in order.
const RESERVE_MIB: std::ops::RangeInclusive<u64> = 16..=1_048_576;

/// MiB a second in which closed segments may be read again; 0 reads nothing.
const SCRUB_MIB: std::ops::RangeInclusive<u64> = 0..=1_024;

/// Options of the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeOptions {
    /// Folder of the store and the certificate. Best on a file system of its own
    #[arg(long, value_name = "FOLDER", default_value = "docket-data")]
    pub data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
    /// Name or address by which devices reach this server, for the certificate it makes; may be repeated
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,
    /// Certificate in PEM form, instead of one that the server makes; kept for the next start
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Plain HTTP, on a loopback address only: for measurements
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    pub insecure_http: bool,
    /// Memory for the store's cache in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub cache_mib: u64,
    /// Disk space in MiB that stays free; below it nothing is written and reading goes on
    #[arg(long, value_name = "MIB", default_value_t = space::RESERVE_BYTES / MIB)]
    pub reserve_mib: u64,
    /// MiB a second in which closed files of the journal are read again, to find what the disk has changed; 0 never
    #[arg(long, value_name = "MIB", default_value_t = 1)]
    pub scrub_mib: u64,
    /// Limits of attachments
    #[command(flatten)]
    pub attachments: AttachmentOptions,
    /// Milliseconds in which something of a message to a live device must leave; for tests of slow devices
    #[arg(long, hide = true, value_name = "MS", default_value_t = 30_000)]
    pub live_send_ms: u64,
    /// Milliseconds between two pings on a live socket; for tests of slow devices
    #[arg(long, hide = true, value_name = "MS", default_value_t = 45_000)]
    pub live_ping_ms: u64,
    /// The system's buffer for a connection in KiB; for tests of slow devices
    #[arg(long, hide = true, value_name = "KIB", default_value_t = 128)]
    pub send_buffer_kib: usize,
    /// Form of the log
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What is logged: a level, or levels by module
    #[arg(long, value_name = "FILTER", default_value = DEFAULT_FILTER)]
    pub log: String,
}

/// Why the options are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A number outside its range.
    #[error("{option} is {value}, possible are {min} to {max} MiB")]
    Range {
        /// The option.
        option: &'static str,
        /// As given.
        value: u64,
        /// Least possible.
        min: u64,
        /// Most possible.
        max: u64,
    },
    /// Plain HTTP on an address that others reach.
    #[error("--insecure-http is for this machine only (127.0.0.1 or [::1]), not for {address}")]
    InsecureAddress {
        /// The address.
        address: SocketAddr,
    },
    /// Not a name that a certificate can have.
    #[error("--host '{host}' is not the name or address of a machine")]
    Host {
        /// As given.
        host: String,
    },
    /// One of certificate and key without the other.
    #[error("--tls-cert and --tls-key belong together")]
    HalfCertificate,
    /// No folder.
    #[error("--data names no folder")]
    Data,
}

/// A server's start, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Where the data lies, and how.
    pub data: DataConfig,
    /// Where the server listens.
    pub listen: ListenConfig,
    /// Limits of attachments.
    pub attachments: Limits,
    /// What it logs.
    pub log: LogConfig,
}

/// Where the data lies, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataConfig {
    /// The folder; made when absent.
    pub folder: PathBuf,
    /// Cache and reserve in bytes.
    pub store: SledOptions,
    /// Bytes a second in which closed segments are read again; 0 never.
    pub scrub_bytes: u64,
}

impl DataConfig {
    /// Folder of the store.
    #[must_use]
    pub fn store_folder(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// Folder of the certificate: one of the server's own making, or a copy of the one that was given.
    #[must_use]
    pub fn tls_folder(&self) -> PathBuf {
        self.folder.join("tls")
    }
}

/// Where and how the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenConfig {
    /// The address.
    pub address: SocketAddr,
    /// How connections are protected.
    pub protection: Protection,
    /// The system's buffer for a connection, in bytes.
    pub send_buffer: usize,
    /// How long a device on a live socket may take.
    pub patience: Patience,
}

/// How connections are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// TLS with the administrator's certificate.
    GivenCertificate {
        /// The certificate, PEM.
        certificate: PathBuf,
        /// Its key, PEM.
        key: PathBuf,
    },
    /// TLS with the certificate that was given before, else one that the server makes at its first start.
    OwnCertificate {
        /// Names it is good for, beside those of this machine.
        hosts: Vec<String>,
    },
    /// None; the address is a loopback address.
    InsecureHttp,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The form.
    pub format: LogFormat,
    /// The filter, not yet read.
    pub filter: String,
}

impl ServeOptions {
    /// Checks the options, all but what only files and the system can tell.
    pub fn check(self) -> Result<ServerConfig, ConfigError> {
        if self.data.as_os_str().is_empty() {
            return Err(ConfigError::Data);
        }
        if let Some(host) = self.host.iter().find(|host| !is_host(host)) {
            return Err(ConfigError::Host { host: host.clone() });
        }
        let protection = match (self.insecure_http, self.tls_cert, self.tls_key) {
            (true, ..) if self.listen.ip().is_loopback() => Protection::InsecureHttp,
            (true, ..) => return Err(ConfigError::InsecureAddress { address: self.listen }),
            (false, Some(certificate), Some(key)) => Protection::GivenCertificate { certificate, key },
            (false, None, None) => Protection::OwnCertificate { hosts: self.host },
            (false, Some(_), None) | (false, None, Some(_)) => return Err(ConfigError::HalfCertificate),
        };
        let store = SledOptions {
            cache_bytes: bytes("--cache-mib", self.cache_mib, &CACHE_MIB)?,
            reserve_bytes: bytes("--reserve-mib", self.reserve_mib, &RESERVE_MIB)?,
        };
        Ok(ServerConfig {
            attachments: self.attachments.limits(store.reserve_bytes),
            data: DataConfig {
                folder: self.data,
                store,
                scrub_bytes: bytes("--scrub-mib", self.scrub_mib, &SCRUB_MIB)?,
            },
            listen: ListenConfig {
                address: self.listen,
                protection,
                send_buffer: self.send_buffer_kib.saturating_mul(1024),
                patience: Patience {
                    send: Duration::from_millis(self.live_send_ms),
                    ping: Duration::from_millis(self.live_ping_ms),
                    ..Patience::USUAL
                },
            },
            log: LogConfig { format: self.log_format, filter: self.log },
        })
    }
}

impl ServerConfig {
    /// Reads or makes what the connections are protected with.
    pub fn transport(&self) -> Result<Transport, TlsError> {
        Ok(match &self.listen.protection {
            Protection::GivenCertificate { certificate, key } => {
                Transport::Tls(TlsIdentity::keep(&self.data.tls_folder(), certificate, key)?)
            }
            Protection::OwnCertificate { hosts } => {
                Transport::Tls(TlsIdentity::load_or_make(&self.data.tls_folder(), hosts)?)
            }
            Protection::InsecureHttp => Transport::InsecureHttp,
        })
    }
}

fn bytes(option: &'static str, value: u64, range: &std::ops::RangeInclusive<u64>) -> Result<u64, ConfigError> {
    let (min, max) = (*range.start(), *range.end());
    let within = range.contains(&value).then(|| value.saturating_mul(MIB));
    within.ok_or(ConfigError::Range { option, value, min, max })
}

/// A DNS name or an IP address (without brackets or port).
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(letters)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.parse::<std::net::IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(label))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        options: ServeOptions,
    }

    fn check(line: &str) -> Result<ServerConfig, String> {
        let words = std::iter::once("docket").chain(line.split_whitespace());
        let command = Command::try_parse_from(words).map_err(|error| error.to_string())?;
        command.options.check().map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_safe() {
        let config = check("").unwrap();
        assert_eq!(config.listen.address.to_string(), "127.0.0.1:8443");
        assert_eq!(config.listen.protection, Protection::OwnCertificate { hosts: vec![] });
        assert_eq!((config.data.store, config.data.scrub_bytes), (SledOptions::default(), 1 << 20));
        assert_eq!(config.data.store_folder(), PathBuf::from("docket-data/store"));
        assert_eq!(config.attachments, Limits::USUAL);
        assert_eq!(config.log, LogConfig { format: LogFormat::Text, filter: "info".into() });
    }

    #[test]
    fn options_are_taken_over() {
        let line =
            "--data /d --listen [::]:443 --host a.example --host 10.0.0.1 --cache-mib 64 --log-format json --log warn";
        let config = check(line).unwrap();
        assert_eq!(config.data.store.cache_bytes, 64 << 20);
        let hosts = vec!["a.example".to_owned(), "10.0.0.1".to_owned()];
        assert_eq!(config.listen.protection, Protection::OwnCertificate { hosts });
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(check("--scrub-mib 0").unwrap().data.scrub_bytes, 0);
        assert!(check("--scrub-mib 1025").unwrap_err().contains("--scrub-mib is 1025, possible are 0 to 1024 MiB"));
        let few = check("--attachment-mib 2 --order-attachments 3 --unnamed-days 5").unwrap().attachments;
        assert_eq!((few.file_bytes, few.order_files, few.orphan_ms), (2 << 20, 3, 5 * 86_400_000));
        let given = check("--tls-cert c.pem --tls-key k.pem").unwrap().listen.protection;
        assert_eq!(given, Protection::GivenCertificate { certificate: "c.pem".into(), key: "k.pem".into() });
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("--cache-mib 1", "--cache-mib is 1, possible are 8 to 65536 MiB"),
            ("--reserve-mib 0", "--reserve-mib is 0"),
            ("--insecure-http --listen 0.0.0.0:80", "--insecure-http is for this machine only"),
            ("--insecure-http --tls-cert c --tls-key k", "cannot be used with"),
            ("--tls-cert c", "--tls-key"),
            ("--host https://a.example", "--host 'https://a.example' is not the name"),
            ("--host=-a.example", "--host '-a.example'"),
            ("--listen localhost", "--listen"),
        ];
        for (line, expected) in cases {
            let error = check(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
        assert_eq!(check("--insecure-http --listen [::1]:0").unwrap().listen.protection, Protection::InsecureHttp);
    }
}
