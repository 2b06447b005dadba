//! A firewall between a running service and its resolvers drops some queries, drops all, or rejects
//! them, and then lets them pass again.

use netvane_tests::{Lab, Service, until};
use serde_json::Value;

/// Group id of the service, which the firewall rules match.
const GROUP: u32 = 54_331;

/// Firewall rules for the service's queries to one resolver; removed when dropped.
struct Firewall {
    namespace: String,
    resolver: String,
}

impl Firewall {
    fn before(lab: &Lab, resolver: &str) -> Self {
        let [namespace, resolver] = ["CLIENT_NS", resolver].map(|name| lab.value(name).to_owned());
        Self {
            namespace,
            resolver,
        }
    }

    /// Drops the responses to this percentage of the queries: the sender would notice packets dropped on its own
    /// machine.
    fn swallows(&self, share: u32) {
        let resolver = &self.resolver;
        let query = format!(
            "meta skgid {GROUP} ip daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53"
        );
        let dropped = share - 1;
        self.replace(&format!(
            "chain queries {{\ntype filter hook output priority 0;\n\
             {query} ct mark set 1\n\
             {query} numgen random mod 100 <= {dropped} ct mark set {GROUP}\n}}\n\
             chain responses {{\ntype filter hook input priority 0;\n\
             ip saddr {resolver} ct mark {GROUP} drop\n}}\n"
        ));
    }

    fn refuses(&self) {
        let resolver = &self.resolver;
        self.replace(&format!(
            "chain queries {{\ntype filter hook output priority 0;\n\
             meta skgid {GROUP} ip daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53 \
             reject with icmpx type port-unreachable\n}}\n"
        ));
    }

    fn replace(&self, chains: &str) {
        self.heals();
        Lab::nft(
            &self.namespace,
            &format!("table inet faults {{\n{chains}}}\n"),
        );
    }

    fn heals(&self) {
        // Create it first, because deleting a missing table fails.
        Lab::nft(
            &self.namespace,
            "add table inet faults\ndelete table inet faults\n",
        );
    }
}

impl Drop for Firewall {
    fn drop(&mut self) {
        self.heals();
    }
}

/// Starts a service in the lab client's namespace with these resolvers.
fn serve(lab: &Lab, resolvers: &[&str]) -> Service {
    let resolvers = resolvers
        .iter()
        .map(|name| lab.value(name))
        .collect::<Vec<_>>()
        .join(",");
    Service::start_in_group(
        GROUP,
        &[
            ("NETVANE__DNS__SERVERS", resolvers.as_str()),
            ("NETVANE__DNS__TIMEOUT_MS", "800"),
            ("NETVANE__DNS__ATTEMPTS", "3"),
            // No caching, so that each lookup sends a query.
            ("NETVANE__LIMITS__CACHE_SECONDS", "0"),
        ],
    )
}

/// Returns the status and the RCODE of a lookup.
fn asked(service: &Service) -> (u16, Value) {
    let response = service.command("a www.example.test");
    (
        response.status,
        if response.status == 200 {
            response.json()["data"]["rcode"].clone()
        } else {
            Value::Null
        },
    )
}

/// With 30 % packet loss, most lookups still succeed; the others are reported as timeouts.
fn most_get_through(firewall: &Firewall, alone: &Service, answered: &(u16, Value)) {
    firewall.swallows(30);
    let outcomes: Vec<(u16, Value)> = (0..20).map(|_| asked(alone)).collect();

    assert!(
        outcomes
            .iter()
            .all(|(status, _)| [200, 504].contains(status)),
        "{outcomes:?}"
    );

    let well = outcomes
        .iter()
        .filter(|outcome| *outcome == answered)
        .count();

    assert!(
        well >= 15,
        "three attempts get through a way that loses a third: {outcomes:?}"
    );
}

#[test]
#[ignore = "needs the DNS lab"]
fn handles_lost_dropped_and_rejected_queries() {
    let lab = Lab::get();
    lab.enter();
    let firewall = Firewall::before(&lab, "RESOLVER4");
    let (alone, two) = (
        serve(&lab, &["RESOLVER4"]),
        serve(&lab, &["RESOLVER4", "OPEN4"]),
    );
    let answered = (200, Value::from("NOERROR"));

    assert_eq!(
        [asked(&alone), asked(&two)],
        [answered.clone(), answered.clone()]
    );

    let files = alone.settled_files();

    most_get_through(&firewall, &alone, &answered);

    for (swallowed, status, told) in [
        (true, 504, "did not answer"),
        (false, 502, "blocked by this machine's firewall or routes"),
    ] {
        if swallowed {
            firewall.swallows(100);
        } else {
            firewall.refuses();
        }

        for _ in 0..3 {
            assert_eq!(asked(&alone).0, status);
        }

        let ready = alone.get("/readyz");

        assert_eq!(
            (ready.status, ready.text().contains(told)),
            (503, true),
            "{}",
            ready.text()
        );

        assert_eq!(asked(&two), answered, "the other resolver is used");
        assert_eq!(two.get("/readyz").status, 200);
        firewall.heals();
        assert_eq!(asked(&alone), answered);
        until("it is ready again", || alone.get("/readyz").status == 200);
    }

    until("no socket is left behind", || {
        alone.settled_files() <= files
    });
    assert_eq!((alone.stop(), two.stop()), (Some(0), Some(0)));
}
