//! The parts of a request's target that follow-up lookups need: its host, its port, its domain.

use std::net::IpAddr;

use netvane_facts::target::{Address, Domain};

/// Returns the host of a URL or of `host:port`, without the root's dot; otherwise the text as it is.
pub(super) fn host_of(text: &str) -> &str {
    let host = split_port(text).0;
    match host.strip_suffix('.') {
        Some(name) if !name.is_empty() => name,
        _ => host,
    }
}

/// Splits a URL, `host:port` or `[address]:port` into the host and the port, if there is one.
fn split_port(text: &str) -> (&str, Option<u16>) {
    let is_network = text.split_once('/').is_some_and(|(address, prefix)| {
        address.parse::<IpAddr>().is_ok() && prefix.parse::<u8>().is_ok()
    });
    if is_network {
        return (text, None);
    }

    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let bracketed = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    if let Some((host, rest)) = bracketed {
        let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
        return (host, port);
    }

    match authority.rsplit_once(':') {
        // An IPv6 address has more than one colon.
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (authority, None),
        },
        _ => (authority, None),
    }
}

/// Joins host and port; an IPv6 address gets brackets.
fn with_port(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Returns the target as `http` takes it: a URL if the port is not 443; `None` if the port is one for mail.
pub(super) fn web_server(target: &str, starttls: bool) -> Option<String> {
    const MAIL: [u16; 8] = [25, 110, 143, 465, 587, 993, 995, 4190];
    match split_port(target) {
        _ if starttls => None,
        (host, None | Some(443)) => Some(host.to_owned()),
        (_, Some(port)) if MAIL.contains(&port) => None,
        (host, Some(port)) => Some(format!("https://{}", with_port(host, port))),
    }
}

/// Returns the target as `tls` takes it, with the port of a URL.
pub(super) fn tls_server(target: &str) -> String {
    match split_port(target) {
        // What listens for plain HTTP has TLS on another port, if at all.
        (host, _) if target.starts_with("http://") => host.to_owned(),
        (host, None | Some(443)) => host.to_owned(),
        (host, Some(port)) => with_port(host, port),
    }
}

/// Returns the domain of an email address, or a name without the labels of a service (`_dmarc`, `_imaps._tcp`, and a
/// selector before `_domainkey`). Addresses have none.
pub(super) fn domain_of(text: &str) -> Option<String> {
    let host = host_of(text);
    let host = host.rsplit_once('@').map_or(host, |(_, domain)| domain);
    let labels: Vec<&str> = host.split('.').collect();
    let service = labels.iter().rposition(|label| label.starts_with('_'));
    let domain = labels[service.map_or(0, |at| at + 1)..].join(".");

    let is_name = domain.parse::<Address>().is_err() && domain.contains('.');
    domain
        .parse::<Domain>()
        .ok()
        .filter(|_| is_name)
        .map(|domain| domain.to_string())
}
