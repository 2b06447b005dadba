//! A firewall in the way of a running service's questions: it loses some, swallows all, or refuses them, and lets them pass
//! again.

use netvane_tests::{Lab, Service, until};
use serde_json::Value;

/// By which the firewall knows the service.
const GROUP: u32 = 54_331;

/// What becomes of the service's queries to one resolver; nothing any more when it is dropped.
struct Firewall {
    namespace: String,
    resolver: String,
    /// Takes everything and says nothing. What a firewall of this machine drops is told to who sends it.
    silent: String,
}

impl Firewall {
    fn before(lab: &Lab, resolver: &str) -> Self {
        let [namespace, resolver, silent] =
            ["CLIENT_NS", resolver, "SILENT4"].map(|name| lab.value(name).to_owned());
        Self {
            namespace,
            resolver,
            silent,
        }
    }

    /// Of a hundred queries so many are never answered.
    fn swallows(&self, share: u32) {
        let chosen = format!(
            "numgen random mod 100 <= {} dnat ip to {}",
            share - 1,
            self.silent
        );
        self.does("type nat hook output priority -100", &chosen);
    }

    fn refuses(&self) {
        self.does(
            "type filter hook output priority 0",
            "reject with icmpx type port-unreachable",
        );
    }

    fn does(&self, hook: &str, verdict: &str) {
        self.heals();
        let resolver = &self.resolver;
        Lab::nft(
            &self.namespace,
            &format!(
                "table inet faults {{\nchain queries {{\n{hook};\n\
                 meta skgid {GROUP} ip daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53 {verdict}\n}}\n}}\n"
            ),
        );
    }

    fn heals(&self) {
        // Made first, for what is not there cannot be deleted.
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

/// A service where the lab's client is, which asks these resolvers.
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
            // Each question is a new one.
            ("NETVANE__LIMITS__CACHE_SECONDS", "0"),
        ],
    )
}

/// Status and rcode of a question.
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

/// A way that loses three queries in ten still brings most answers; the rest is told as a timeout.
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
fn queries_that_are_lost_swallowed_or_refused() {
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

        assert_eq!(asked(&two), answered, "the other resolver is asked");
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
