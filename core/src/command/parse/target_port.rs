//! A port that is written with the target: `ports example.com:8065`.

use netvane_facts::target::{Endpoint, Host};

/// Splits `HOST:PORT`, `[2001:db8::1]:8065` or a URL with a port; `None` for a target without a port.
pub(super) fn split(text: &str) -> Option<(String, String)> {
    let trimmed = text.trim().trim_matches(['<', '>', '`', '"']);
    let authority = match trimmed.split_once("://") {
        Some((_, rest)) => {
            let authority = rest.split(['/', '?', '#', '|']).next()?;
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host)
        }
        None => trimmed,
    };

    let endpoint: Endpoint = authority.parse().ok()?;
    let port = endpoint.port?;
    let host = match endpoint.host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    };
    Some((host, port.to_string()))
}
