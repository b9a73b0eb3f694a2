//! The address of a server, and by what it is known.

use core::net::IpAddr;

use docket_sync_core::ids::Digest;
use hyper::Uri;

use super::TransportError;

/// Where a server is, and the fingerprint of its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
    // Invariant: absent only for a plain address on this machine.
    pin: Option<Digest>,
}

impl Server {
    /// Reads `https://HOST[:PORT]` or, for a server on this machine, `http://localhost[:PORT]`.
    ///
    /// `fingerprint` is BLAKE3 of the certificate's DER; a plain address needs none and uses none.
    ///
    /// # Errors
    /// When the address is of another form, plain and not on this machine, or the fingerprint is missing.
    pub fn new(url: &str, fingerprint: Option<Digest>) -> Result<Self, TransportError> {
        let wrong = || TransportError::Address(url.to_owned());
        let uri: Uri = url.parse().map_err(|_ignored| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if !uri.path().trim_end_matches('/').is_empty() || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (pin, standard_port) = match uri.scheme_str() {
            Some("https") => (Some(fingerprint.ok_or(TransportError::FingerprintMissing)?), 443),
            Some("http") if is_this_machine(&host) => (None, 80),
            Some("http") => return Err(TransportError::PlainNotAllowed),
            _ => return Err(wrong()),
        };
        Ok(Self { host, port: authority.port_u16().unwrap_or(standard_port), pin })
    }

    /// Host name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate's fingerprint; `None` for a plain address on this machine.
    #[must_use]
    pub fn pin(&self) -> Option<Digest> {
        self.pin
    }

    /// The address as it is shown and stored.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.pin.is_some() { "https" } else { "http" }, self.authority())
    }

    /// `host:port` as the `Host` header has it.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Option<&str>) {
        let server = Server::new(url, Some(Digest([1; 32])));
        assert_eq!(server.ok().map(|server| server.url()).as_deref(), expected, "{url}");
    }

    #[test]
    fn plain_addresses_are_for_this_machine_only() {
        check("https://docket.example", Some("https://docket.example:443"));
        check("https://docket.example:8443/", Some("https://docket.example:8443"));
        check("https://[2001:db8::1]:8443", Some("https://[2001:db8::1]:8443"));
        check("http://127.0.0.1:8080", Some("http://127.0.0.1:8080"));
        check("http://localhost:8080", Some("http://localhost:8080"));
        check("http://[::1]:8080", Some("http://[::1]:8080"));
        check("http://192.0.2.1:8080", None);
        check("http://localhost.example", None);
        check("docket.example", None);
        check("ftp://localhost", None);
        check("https://user@docket.example", None);
        check("https://docket.example/path", None);
        check("", None);
    }

    #[test]
    fn an_encrypted_address_needs_a_fingerprint() {
        assert!(matches!(Server::new("https://docket.example", None), Err(TransportError::FingerprintMissing)));
    }
}
