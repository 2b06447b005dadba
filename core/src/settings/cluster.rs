//! Checks of `[cluster]` and `[agent]`.

use std::net::IpAddr;

use netvane_facts::countries;
use url::{Host, Url};

use super::{Agent, Cluster, Settings};
use crate::vantage::is_agent_name;

/// Longest city, and longest tag, in bytes.
const MAX_WORD: usize = 64;
/// Most tags of an agent.
const MAX_TAGS: usize = 16;

pub(super) fn check(settings: &Settings, must: &mut impl FnMut(bool, &str)) {
    let Settings {
        cluster,
        agent,
        limits,
        ..
    } = settings;
    check_cluster(cluster, must);
    check_agent(agent, must);
    must(
        (1..=100).contains(&limits.agents_per_question),
        "limits.agents_per_question: must be 1–100",
    );
}

fn check_cluster(cluster: &Cluster, must: &mut impl FnMut(bool, &str)) {
    for address in &cluster.nats {
        must(
            server(address).is_some(),
            &format!(
                "cluster.nats: `{address}` must be tls://HOST:PORT, wss://HOST or nats://ADDRESS:PORT"
            ),
        );
    }
    must(
        cluster.nkey_file.is_empty() || cluster.credentials.is_empty(),
        "cluster: set `nkey_file` or `credentials`, not both",
    );
    must(
        cluster.replicas <= 5,
        "cluster.replicas: must be 0–5 (0: as many as there are servers, at most 3)",
    );
}

fn check_agent(agent: &Agent, must: &mut impl FnMut(bool, &str)) {
    must(
        agent.name.is_empty() || is_agent_name(&agent.name),
        "agent.name: must be 1–32 characters of a-z, 0-9 and `-`, and none of the words that `from=` reserves",
    );
    must(
        agent.country.is_empty() || countries::country(&agent.country).is_some(),
        "agent.country: must be an ISO 3166 code of two letters, such as DE",
    );
    must(
        agent.city.len() <= MAX_WORD && !agent.city.contains(char::is_control),
        "agent.city: must be at most 64 bytes on one line",
    );
    must(
        (-90.0..=90.0).contains(&agent.latitude) && (-180.0..=180.0).contains(&agent.longitude),
        "agent: `latitude` must be -90 to 90 and `longitude` -180 to 180, in degrees",
    );
    must(
        agent.tags.len() <= MAX_TAGS && agent.tags.iter().all(|tag| is_agent_name(tag)),
        "agent.tags: at most 16 words of 1–32 characters of a-z, 0-9 and `-`",
    );
}

/// Warns about servers that are contacted without TLS beyond private networks.
pub(super) fn advise(settings: &Settings, tell: &mut impl FnMut(bool, &str)) {
    for address in &settings.cluster.nats {
        let open = server(address).filter(|url| matches!(url.scheme(), "nats" | "ws"));
        tell(
            open.is_some_and(|url| !is_private(&url)),
            &format!("cluster.nats: {address} is contacted without TLS; use tls:// or wss://"),
        );
    }
    tell(
        settings.cluster.is_set()
            && settings.cluster.nkey_file.is_empty()
            && settings.cluster.credentials.is_empty(),
        "cluster: neither `nkey_file` nor `credentials` is set; anyone who reaches the NATS servers can pose as an agent",
    );
}

fn server(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let known = matches!(url.scheme(), "nats" | "tls" | "ws" | "wss");
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (known && bare && url.has_host()).then_some(url)
}

fn is_private(url: &Url) -> bool {
    let address: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        // URLs of other schemes than http keep addresses as names.
        Some(Host::Domain(name)) => match name.parse() {
            Ok(address) => Some(address),
            // A name without a dot is one of the local network: `localhost`, `nats` in Compose.
            Err(_) => return !name.contains('.') || name.ends_with(".internal"),
        },
        None => None,
    };
    address.is_some_and(|address| match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    })
}
