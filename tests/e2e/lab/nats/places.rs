//! `from=` and `places`, from the request to the answers of several places.

mod answers;
mod faults;
mod sites;

use netvane_tests::{Lab, Nats, Netvane, Running, Service, until};
use serde_json::Value;

/// A service with agents.
struct Hub {
    lab: Lab,
    nats: Nats,
    service: Service,
    agents: Vec<(&'static str, Running)>,
}

/// Prepares an agent, which may be changed.
type Change<'a> = &'a dyn Fn(Netvane) -> Netvane;

const AS_IT_IS: Change<'_> = &|agent| agent;

impl Hub {
    fn start(agents: &[(&'static str, Change<'_>)]) -> Self {
        Self::with(agents, &[])
    }

    fn with(agents: &[(&'static str, Change<'_>)], settings: &[(&str, &str)]) -> Self {
        let lab = Lab::nats();
        lab.enter();
        let nats = Nats::start(&lab);
        let (url, key) = (nats.url(), nats.key("hub"));
        let mut all = vec![
            ("NETVANE__CLUSTER__NATS", url.as_str()),
            ("NETVANE__CLUSTER__NKEY_FILE", key.as_str()),
            ("NETVANE__DNS__SERVERS", "127.0.0.1:53"),
        ];
        all.extend(settings);
        let service = Service::start(&all);
        let agents: Vec<_> = agents
            .iter()
            .map(|(name, change)| (*name, change(nats.agent(name)).spawn()))
            .collect();
        let hub = Self {
            lab,
            nats,
            service,
            agents,
        };
        until("all agents are there", || {
            hub.present() == hub.agents.len() + 1
        });
        hub
    }

    /// Number of vantage points that can be asked, the service included.
    fn present(&self) -> usize {
        let places = self.service.command("places").json();
        let places = places["data"]["places"].as_array().expect("a list");
        places
            .iter()
            .filter(|place| place["present"] == true)
            .count()
    }

    fn agent(&self, name: &str) -> &Running {
        let agent = self.agents.iter().find(|(known, _)| *known == name);
        &agent.expect("a known agent").1
    }
}

/// `vantage state code` of each row.
fn states(reply: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let rows = reply["data"]["places"].as_array().expect("a list").iter();
    rows.map(|row| {
        let [vantage, state, code] =
            [&row["vantage"], &row["state"], &row["problem"]["code"]].map(text);
        format!("{vantage} {state} {code}")
    })
    .collect()
}
