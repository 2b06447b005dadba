//! Checks of URLs in the settings.

use std::net::IpAddr;

use url::Url;

/// Returns whether this is an http or https URL with a host.
pub(super) fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Returns whether the URL has only scheme, host and port.
pub(super) fn is_origin(url: &Url) -> bool {
    is_web(url)
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// Returns whether the URL refers to this machine.
pub(super) fn is_here(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost"
        || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}
