//! The host that a request names, in its target or in its `Host` field (RFC 9112 §3.2, RFC 9113
//! §8.3.1).

use std::net::IpAddr;

use http::{Version, header::HOST, uri::Authority};

use super::HttpRequestInfo;

/// Host names that always mean this machine (RFC 6761 §6.3).
const LOOPBACK: &str = "localhost";

/// The host that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestHost {
    /// No host, as HTTP/1.0 allows.
    Absent,
    /// An IP address or a loopback name. No attacker's DNS decides where it leads to.
    Local,
    /// Any other name, in lower case and without a final dot.
    Name(String),
}

/// Why a request does not name exactly one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// HTTP/1.1 and later require a host.
    #[error("the `Host` field is missing")]
    Missing,
    /// Two fields, or a field that differs from the request target.
    #[error("the request names more than one host")]
    Several,
    /// Not a host with an optional port.
    #[error("the `Host` field is not a host with an optional port")]
    Invalid,
}

impl HttpRequestInfo {
    /// Returns the host that the request names.
    ///
    /// # Errors
    /// [`HostFault`] if the request names no host although it must, several, or not a valid one.
    pub fn host(&self) -> Result<RequestHost, HostFault> {
        let mut fields = self.headers.get_all(HOST).iter();
        let field = match (fields.next(), fields.next()) {
            (_, Some(_)) => return Err(HostFault::Several),
            (field, None) => field
                .map(|field| Authority::try_from(field.as_bytes()).map_err(|_| HostFault::Invalid))
                .transpose()?,
        };

        let needs_field = self.version == Version::HTTP_11;
        match (self.uri.authority(), field) {
            (_, None) if needs_field => Err(HostFault::Missing),
            (Some(target), Some(field)) => {
                let (one, other) = (host(target)?, host(&field)?);
                (one == other).then_some(one).ok_or(HostFault::Several)
            }
            (Some(target), None) => host(target),
            (None, Some(field)) => host(&field),
            (None, None) if self.version < Version::HTTP_11 => Ok(RequestHost::Absent),
            (None, None) => Err(HostFault::Missing),
        }
    }
}

fn host(authority: &Authority) -> Result<RequestHost, HostFault> {
    let host = authority.host();
    let has_user = authority.as_str().contains('@');
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if has_user || name.is_empty() {
        return Err(HostFault::Invalid);
    }

    let literal = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(&name);
    let is_loopback = name == LOOPBACK || name.ends_with(".localhost");

    if is_loopback || literal.parse::<IpAddr>().is_ok() {
        Ok(RequestHost::Local)
    } else {
        Ok(RequestHost::Name(name))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Uri};

    use super::*;
    use crate::request::http_request::samples;

    fn named(version: Version, target: &str, fields: &[&str]) -> Result<RequestHost, HostFault> {
        let mut request = samples::http_request("192.0.2.1:4321", &[]);
        request.version = version;
        request.uri = target.parse::<Uri>().expect("a target");
        request.headers.remove(HOST);
        for field in fields {
            let value = HeaderValue::from_str(field).expect("a value");
            request.headers.append(HOST, value);
        }
        request.host()
    }

    #[test]
    fn addresses_and_loopback_names_are_local() {
        for field in [
            "127.0.0.1:8080",
            "192.0.2.1",
            "[::1]:8080",
            "[2001:db8::1]",
            "localhost:80",
            "LocalHost.",
            "a.localhost",
        ] {
            let host = named(Version::HTTP_11, "/", &[field]);
            assert_eq!(host, Ok(RequestHost::Local), "{field}");
        }
        for field in ["Netvane.Example:8080", "netvane.example."] {
            let host = named(Version::HTTP_11, "/", &[field]);
            assert_eq!(host, Ok(RequestHost::Name("netvane.example".into())));
        }
        for field in ["localhost.example", "127.0.0.1.example", "1.2.3.4.5"] {
            let host = named(Version::HTTP_11, "/", &[field]);
            assert!(matches!(host, Ok(RequestHost::Name(_))), "{field}");
        }
    }

    #[test]
    fn a_request_names_exactly_one_host() {
        let (one, two) = (Version::HTTP_11, Version::HTTP_2);
        for (version, target, fields, fault) in [
            (one, "/", &[][..], HostFault::Missing),
            (one, "http://a.example/", &[], HostFault::Missing),
            (one, "/", &["a.example", "a.example"], HostFault::Several),
            (one, "http://a.example/", &["b.example"], HostFault::Several),
            (two, "http://a.example/", &["b.example"], HostFault::Several),
            (two, "/", &[], HostFault::Missing),
            (one, "/", &[""], HostFault::Invalid),
            (one, "/", &["a b"], HostFault::Invalid),
            (one, "/", &["user@a.example"], HostFault::Invalid),
            (one, "/", &["a.example, b.example"], HostFault::Invalid),
        ] {
            let host = named(version, target, fields);
            assert_eq!(host, Err(fault), "{version:?} {target} {fields:?}");
        }
        let absent = named(Version::HTTP_10, "/", &[]);
        assert_eq!(absent, Ok(RequestHost::Absent));
        let target = named(two, "http://a.example/", &[]);
        assert_eq!(target, Ok(RequestHost::Name("a.example".into())));
    }
}
