//! One hop of a route: what replied, how fast, and in rounds how often.

use std::{collections::HashMap, net::IpAddr};

use netvane_document::{Cell, ChartRow, ChartSpan, Role, Severity, SpanStyle};
use netvane_net::route::{HopStatistics, Note, RouteHop};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    command::Context,
    commands::{
        address::geo::Place,
        reach::ping::{milliseconds, rounded},
    },
};

/// Most characters of a holder's name in a table.
const MAX_HOLDER: usize = 28;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Hop {
    pub(super) ttl: u8,
    /// Results of the probes, in rounds of the last one; `null` without a reply.
    pub(super) probes: Vec<Option<Probe>>,
    /// Name (PTR) of the first address that replied, without the final dot.
    pub(super) name: Option<String>,
    pub(super) asn: Option<u32>,
    /// Organization that holds the AS number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) organization: Option<String>,
    /// Country code (ISO 3166-1 alpha-2).
    pub(super) country: Option<String>,
    #[serde(flatten)]
    pub(super) statistics: Option<Statistics>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Probe {
    pub(super) address: IpAddr,
    /// Round-trip time in milliseconds.
    pub(super) rtt_ms: f64,
    /// Mark of traceroute: `!H` host unreachable, `!N` network unreachable, `!X` prohibited, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<String>,
    /// The ICMP error in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// Loss and round trips of a hop over all rounds; figures in milliseconds are `null` without a reply.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Statistics {
    /// Hosts that replied; several if the route has parallel paths (ECMP).
    pub(super) addresses: Vec<IpAddr>,
    /// Probes that were answered or are lost; those in flight do not count.
    pub(super) sent: u32,
    pub(super) lost: u32,
    pub(super) loss_percent: f64,
    pub(super) last: Option<f64>,
    pub(super) avg: Option<f64>,
    pub(super) best: Option<f64>,
    pub(super) worst: Option<f64>,
    /// Population standard deviation of the round trips.
    pub(super) stddev: Option<f64>,
    /// The hop limits its ICMP errors: later hops do not show its loss, so it forwards all packets.
    pub(super) rate_limited: bool,
    /// The ICMP error in the last reply, if that is no normal one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl From<&RouteHop> for Hop {
    fn from(hop: &RouteHop) -> Self {
        let probes = hop.probes.iter().map(|probe| {
            let probe = probe.as_ref()?;
            Some(Probe::new(probe.address, probe.rtt_ms, probe.note.as_ref()))
        });
        Self::new(hop.ttl, probes.collect(), None)
    }
}

impl From<&HopStatistics> for Hop {
    fn from(hop: &HopStatistics) -> Self {
        let last = hop.last_reply;
        let probe = last.map(|(address, rtt)| Probe::new(address, rtt, hop.note.as_ref()));
        let figure = |of: fn(&netvane_net::route::RoundTrips) -> f64| {
            hop.rtt_ms.as_ref().map(|trips| rounded(of(trips)))
        };
        let statistics = Statistics {
            addresses: hop.addresses.clone(),
            sent: hop.sent,
            lost: hop.lost(),
            loss_percent: rounded(100.0 * hop.loss()),
            last: figure(|trips| trips.last),
            avg: figure(|trips| trips.avg),
            best: figure(|trips| trips.best),
            worst: figure(|trips| trips.worst),
            stddev: figure(|trips| trips.stddev()),
            rate_limited: hop.is_rate_limited,
            error: hop.note.as_ref().map(|note| note.notice.to_string()),
        };
        Self::new(hop.ttl, vec![probe], Some(statistics))
    }
}

impl Probe {
    fn new(address: IpAddr, rtt_ms: f64, note: Option<&Note>) -> Self {
        Self {
            address,
            rtt_ms: rounded(rtt_ms),
            mark: note.and_then(|note| note.mark.clone()),
            note: note.map(|note| note.notice.to_string()),
        }
    }
}

impl Hop {
    fn new(ttl: u8, probes: Vec<Option<Probe>>, statistics: Option<Statistics>) -> Self {
        Self {
            ttl,
            probes,
            name: None,
            asn: None,
            organization: None,
            country: None,
            statistics,
        }
    }

    /// The addresses that replied, each once, the first first.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        let of_probes = self.probes.iter().flatten().map(|probe| probe.address);
        let of_rounds = self.statistics.iter().flat_map(|of| of.addresses.clone());
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in of_rounds.chain(of_probes) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// Adds name, network and country of the first address.
    pub(super) fn describe(&mut self, cx: &Context, names: &HashMap<IpAddr, Option<String>>) {
        let Some(first) = self.addresses().first().copied() else {
            return;
        };
        let place = Place::of(cx, first);
        self.name = names.get(&first).cloned().flatten();
        self.asn = place.network.as_ref().and_then(|network| network.asn);
        self.organization = place.network.and_then(|network| network.organization);
        self.country = place.country.map(|country| country.code.into_owned());
    }

    /// The ICMP error that a host sent instead of a normal reply.
    pub(super) fn error(&self) -> Option<&str> {
        let of_rounds = self.statistics.as_ref().and_then(|of| of.error.as_deref());
        let of_probes = || {
            self.probes
                .iter()
                .flatten()
                .find_map(|probe| probe.note.as_deref())
        };
        of_rounds.or_else(of_probes)
    }

    fn host(&self) -> [Cell; 3] {
        let addresses: Vec<String> = self.addresses().iter().map(ToString::to_string).collect();
        let host = match (&self.name, addresses.is_empty()) {
            (_, true) => Cell::aside("no reply"),
            (Some(name), false) => Cell::domain(name),
            (None, false) => "".into(),
        };
        [
            Cell::new(addresses.join("\n"), Role::Address),
            host,
            self.network().into(),
        ]
    }

    /// AS number, its holder and the country: `AS64496 Example Net, DE`.
    fn network(&self) -> String {
        let asn = self.asn.map(|asn| format!("AS{asn}"));
        let holder = self.organization.as_deref().map(shortened);
        let network: Vec<&str> = asn.iter().chain(&holder).map(String::as_str).collect();
        let network = network.join(" ");
        match (network.is_empty(), &self.country) {
            (true, country) => country.clone().unwrap_or_default(),
            (false, Some(country)) => format!("{network}, {country}"),
            (false, None) => network,
        }
    }

    /// The row of a single trace: all round trips.
    pub(super) fn trace_row(&self) -> [Cell; 5] {
        let times = self.probes.iter().map(|probe| match probe {
            Some(probe) => {
                let mark = probe.mark.as_ref().map(|mark| format!(" {mark}"));
                format!("{}{}", milliseconds(probe.rtt_ms), mark.unwrap_or_default())
            }
            None => "*".into(),
        });
        let times: Vec<String> = times.collect();
        let [address, host, network] = self.host();
        [
            self.ttl.into(),
            address,
            host,
            network,
            times.join("  ").into(),
        ]
    }

    /// The row of a measurement in rounds: loss and round trips.
    pub(super) fn rounds_row(&self) -> [Cell; 11] {
        let [address, host, network] = self.host();
        let Some(of) = &self.statistics else {
            return std::array::from_fn(|_| "".into());
        };
        let time = |value: Option<f64>| value.map(milliseconds).unwrap_or_default().into();
        let role = match of.lost {
            0 => Role::Plain,
            _ if of.rate_limited || of.avg.is_none() => Role::Aside,
            _ => Role::Bad,
        };
        let limited = if of.rate_limited { " (rate limit)" } else { "" };
        [
            self.ttl.into(),
            address,
            host,
            network,
            Cell::new(format!("{:.0} %{limited}", of.loss_percent), role),
            of.sent.to_string().into(),
            time(of.last),
            time(of.avg),
            time(of.best),
            time(of.worst),
            time(of.stddev),
        ]
    }
}

/// Round trips of a hop in a chart, in milliseconds.
struct Range {
    best: f64,
    mean: f64,
    worst: f64,
}

impl Hop {
    /// The row of a chart: a bar as long as the mean round trip, over it the range between the shortest and the longest.
    pub(super) fn chart_row(&self) -> ChartRow {
        let addresses = self.addresses();
        let label = match (&self.name, addresses.first()) {
            (Some(name), Some(_)) => name.clone(),
            (None, Some(address)) => address.to_string(),
            (_, None) => String::new(),
        };
        let severity = self.chart_severity();
        let Some(Range { best, mean, worst }) = self.range() else {
            return ChartRow {
                number: self.ttl.to_string(),
                label,
                value: "no reply".into(),
                severity,
                spans: Vec::new(),
            };
        };

        let span = |from, to, style| ChartSpan { from, to, style };
        let mut spans = vec![span(0.0, mean, SpanStyle::Bar(severity))];
        if best < worst {
            spans.push(span(best, worst, SpanStyle::Range));
        }
        ChartRow {
            number: self.ttl.to_string(),
            label: label + &self.chart_remark(),
            value: milliseconds(mean),
            severity,
            spans,
        }
    }

    /// Round trips over all rounds, otherwise of the probes of one trace.
    fn range(&self) -> Option<Range> {
        if let Some(of) = &self.statistics {
            let (best, mean, worst) = (of.best?, of.avg?, of.worst?);
            return Some(Range { best, mean, worst });
        }
        let times: Vec<f64> = self.probes.iter().flatten().map(|it| it.rtt_ms).collect();
        let count = (!times.is_empty()).then_some(times.len() as f64)?;
        Some(Range {
            best: times.iter().copied().fold(f64::INFINITY, f64::min),
            mean: times.iter().sum::<f64>() / count,
            worst: times.iter().copied().fold(0.0, f64::max),
        })
    }

    /// Silent routers are normal; an ICMP error and loss are not.
    fn chart_severity(&self) -> Severity {
        let loses = |of: &Statistics| of.lost > 0 && of.avg.is_some() && !of.rate_limited;
        if self.error().is_some() {
            Severity::Bad
        } else if self.statistics.as_ref().is_some_and(loses) {
            Severity::Warning
        } else {
            Severity::Neutral
        }
    }

    /// What the color of the row means, in words.
    fn chart_remark(&self) -> String {
        match (self.error(), &self.statistics) {
            (Some(error), _) => format!(" ({error})"),
            (None, Some(of)) if of.lost > 0 && !of.rate_limited => {
                format!(" ({:.0} % loss)", of.loss_percent)
            }
            _ => String::new(),
        }
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_HOLDER {
        return text.to_owned();
    }
    let start: String = text.chars().take(MAX_HOLDER - 1).collect();
    format!("{}…", start.trim_end())
}

/// Round-trip time to the target in milliseconds, if a route reached it: the average of its rounds, or the shortest.
pub(in crate::commands::reach) fn time_to_target(data: &Value) -> Option<f64> {
    if data.get("reached")?.as_bool() != Some(true) {
        return None;
    }
    let hop = data.get("hops")?.as_array()?.last()?;
    let average = hop.get("avg").and_then(Value::as_f64);
    average.or_else(|| {
        let probes = hop.get("probes")?.as_array()?.iter();
        probes
            .filter_map(|probe| probe.get("rtt_ms")?.as_f64())
            .min_by(f64::total_cmp)
    })
}
