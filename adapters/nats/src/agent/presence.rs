//! The heartbeat of an agent.

use std::{net::IpAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use netvane_core::{Engine, facts::ip_class::is_global, settings};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Agent, commands, running::MOST};
use crate::{
    messages::{Hello, Network, PROTOCOL, Place},
    subjects,
};

/// Interval of heartbeats.
const INTERVAL: Duration = Duration::from_secs(5);
/// Shortest interval, however often the load changes.
const SHORTEST: Duration = Duration::from_millis(250);

/// Sends heartbeats: at an interval, and soon after something changed.
pub(super) async fn run(agent: Arc<Agent>, settings: settings::Agent) {
    let mut hello = Hello {
        agent: settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        tags: settings.tags.clone(),
        commands: commands::hashes(agent.engine.registry()),
        most: u32::try_from(MOST).unwrap_or(u32::MAX),
        since: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        ..Hello::default()
    };
    loop {
        let sent = Instant::now();
        // While the connection is down, messages would pile up and be sent late.
        if agent.link.is_up() {
            hello.busy = u32::try_from(agent.running.count()).unwrap_or(u32::MAX);
            hello.ipv = ip_versions(&agent.engine);
            locate(&mut hello, &settings, &agent);
            send(&agent, &hello).await;
        }
        let _ = timeout_at(sent + INTERVAL, agent.running.changed()).await;
        sleep_until(sent + SHORTEST).await;
    }
}

async fn send(agent: &Agent, hello: &Hello) {
    let Ok(payload) = serde_json::to_vec(hello) else {
        return;
    };
    let sent = agent
        .link
        .client()
        .publish(subjects::hello(&agent.name), payload.into());
    let _ = timeout_at(Instant::now() + INTERVAL, sent).await;
}

/// The IP versions with a route to the internet.
fn ip_versions(engine: &Engine) -> Vec<u8> {
    let runtime = engine.runtime();
    let dns = &runtime.net.dns;
    let has_route = |is_ipv6: bool| {
        let roots = dns.root_hints().iter().map(|root| root.address.ip());
        roots
            .filter(|root| root.is_ipv6() == is_ipv6)
            .take(1)
            .any(|root| dns.has_route(root))
    };
    [(4, false), (6, true)]
        .into_iter()
        .filter(|(_, is_ipv6)| has_route(*is_ipv6))
        .map(|(version, _)| version)
        .collect()
}

/// Fills in place and network: as in the settings, and what is not set there from the local database, by the address
/// from which the NATS server sees this machine.
fn locate(hello: &mut Hello, settings: &settings::Agent, agent: &Agent) {
    let address: Option<IpAddr> = agent.link.client().server_info().client_ip.parse().ok();
    let facts = address
        .filter(|address| is_global(*address))
        .map(|address| agent.engine.runtime().geo.current().lookup(address))
        .unwrap_or_default();

    let is_located = (settings.latitude, settings.longitude) != (0.0, 0.0);
    let country = facts.country.map(|country| country.code.into_owned());
    hello.place = Place {
        city: settings.city.clone(),
        country: match settings.country.as_str() {
            "" => country.unwrap_or_default(),
            set => set.to_ascii_uppercase(),
        },
        latitude: is_located.then_some(settings.latitude),
        longitude: is_located.then_some(settings.longitude),
    };

    let network = facts
        .network
        .filter(|network| settings.asn == 0 || network.asn == Some(settings.asn));
    hello.network = match network {
        Some(network) => Network {
            asn: network.asn,
            organization: network.organization.unwrap_or_default(),
        },
        None => Network {
            asn: Some(settings.asn).filter(|asn| *asn != 0),
            organization: String::new(),
        },
    };
}
