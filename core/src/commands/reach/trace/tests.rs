mod charts;
mod rounds;
mod routes;

use super::{
    hop::{Probe, Statistics},
    *,
};

fn probe(address: &str, rtt_ms: f64) -> Option<Probe> {
    Some(Probe {
        address: address.parse().expect("an address"),
        rtt_ms,
        mark: None,
        note: None,
    })
}

fn refused(address: &str) -> Option<Probe> {
    Some(Probe {
        mark: Some("!X".into()),
        note: Some("administratively prohibited".into()),
        ..probe(address, 7.0).expect("a probe")
    })
}

fn hop(ttl: u8, probes: Vec<Option<Probe>>) -> Hop {
    Hop {
        ttl,
        probes,
        name: None,
        asn: None,
        organization: None,
        country: None,
        statistics: None,
    }
}

fn data(hops: Vec<Hop>, reached: bool) -> Data {
    Data {
        reached,
        hops,
        in_progress: false,
        probed_hops: 30,
        ..Data::new("host.example.test".into(), IpAddr::from([192, 0, 2, 9]))
    }
}

/// A hop measured in rounds, with these probes sent and lost.
fn measured(ttl: u8, addresses: &[&str], sent: u32, lost: u32) -> Hop {
    let addresses: Vec<IpAddr> = addresses
        .iter()
        .map(|address| address.parse().expect("an address"))
        .collect();
    let figure = |value| (lost < sent).then_some(value);
    Hop {
        statistics: Some(Statistics {
            sent,
            lost,
            loss_percent: 100.0 * f64::from(lost) / f64::from(sent),
            last: figure(1.5),
            avg: figure(2.25),
            best: figure(1.0),
            worst: figure(30.125),
            stddev: figure(0.05),
            rate_limited: false,
            error: None,
            addresses,
        }),
        ..hop(ttl, vec![None])
    }
}

fn in_rounds(hops: Vec<Hop>, reached: bool) -> Data {
    Data {
        rounds: Some(10),
        method: Some(Method::Icmp),
        ..data(hops, reached)
    }
}
