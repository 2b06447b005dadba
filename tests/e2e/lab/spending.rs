//! Traffic that lookups cause, as the kernel counts it, compared with the upper bound that each
//! command declares.

use std::process::Command;

use netvane_tests::{Lab, Netvane, program::binary};
use serde_json::Value;

/// Counts the bytes that one group sends in a namespace; the rule is removed when dropped.
struct Meter {
    namespace: String,
    group: u32,
}

impl Meter {
    fn start(namespace: &str, group: u32) -> Self {
        let meter = Self {
            namespace: namespace.to_owned(),
            group,
        };
        let table = meter.table();
        // Loopback traffic does not count.
        Lab::nft(
            namespace,
            &format!(
                "table inet {table} {{\nchain spent {{\ntype filter hook output priority 0;\n\
                 oifname != \"lo\" meta skgid {group} counter\n}}\n}}\n"
            ),
        );
        meter
    }

    fn table(&self) -> String {
        format!("meter{}", self.group)
    }

    /// Returns the bytes of all packets so far, including headers.
    fn bytes(&self) -> u64 {
        let listed = Lab::nft_table(&self.namespace, &self.table());
        let rules = listed["nftables"].as_array().expect("a list").iter();
        let counters =
            rules.flat_map(|entry| entry["rule"]["expr"].as_array().into_iter().flatten());
        counters
            .filter_map(|part| part["counter"]["bytes"].as_u64())
            .sum()
    }

    /// Runs one lookup and returns the bytes that it sent.
    fn ask(&self, line: &str, resolver: &str, port: &str) -> u64 {
        let before = self.bytes();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace, "setpriv", "--regid"]);
        command
            .args([&self.group.to_string(), "--clear-groups"])
            .arg(binary());
        let run = Netvane::from_command(command, line.split_whitespace())
            .env(
                "NETVANE__POLICY__ALLOW",
                "198.51.0.0/16,203.0.113.0/24,2001:db8::/32",
            )
            .env("NETVANE__DNS__SERVERS", resolver)
            .env("NETVANE__SMTP__PORT", port)
            .run();
        assert_ne!(run.code, Some(2), "{line}: {}", run.stderr);
        self.bytes() - before
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        Lab::nft(
            &self.namespace,
            &format!("delete table inet {}\n", self.table()),
        );
    }
}

/// Runs each line and compares its traffic with the bound of its command.
fn measured(lab: &Lab, namespace: &str, group: u32, resolver: &str, lines: &[&str]) {
    let commands = Netvane::line("commands --json").run();
    let commands: Value = serde_json::from_str(commands.text()).expect("JSON");
    let bound = |name: &str| {
        let all = commands["commands"].as_array().expect("a list");
        let entry = all.iter().find(|entry| entry["name"] == name).expect(name);
        entry["sends_at_most_bytes"].as_u64().expect("a number")
    };

    let meter = Meter::start(namespace, group);

    for line in lines {
        let filled = line.split(' ').map(|word| match word.strip_prefix('$') {
            Some(name) => lab.value(name).to_owned(),
            None => word.to_owned(),
        });
        let line = filled.collect::<Vec<_>>().join(" ");
        let name = line.split(' ').next().unwrap_or_default();
        let (spent, most) = (meter.ask(&line, resolver, "25"), bound(name));
        println!("{spent:>8} of {most:>8} bytes: {line}");
        assert!(spent <= most, "{line} sent {spent} bytes, of {most}");
        assert_eq!(
            spent == 0,
            most == 0,
            "{line} sent {spent} bytes, of {most}"
        );
    }
}

#[test]
#[ignore = "needs the route lab"]
fn probes_stay_within_what_their_commands_may_send() {
    let lab = Lab::route();
    let lines = [
        "ping $SERVER4 count=20",
        "ping $GHOST4 count=20",
        "trace $SERVER6",
        // The target never responds: every method is tried for every hop.
        "trace $GHOST4 max_hops=64 probes=5",
        "ports $SERVER4 1-1024",
        "ports $GHOST4 1-1024",
        "port 443",
        "ua curl/8.0",
        "status",
    ];
    measured(
        &lab,
        lab.value("ROUTE_CLIENT"),
        54_321,
        "198.51.100.2",
        &lines,
    );
}

#[test]
#[ignore = "needs the DNS lab"]
fn lookups_stay_within_what_their_commands_may_send() {
    let lab = Lab::get();
    let lines = [
        "a www.example.test",
        "a www.silent.test",
        "mx example.test",
        "txt example.test",
        "dns example.test",
        "dns nosuch.silent.test",
        "dig www.example.test A dnssec",
        "dig www.badsig.test A dnssec",
        "dig www.example.test A tcp",
        "ptr 203.0.113.80",
        "reverse example.test",
        "ip www.example.test",
        "mailbox example.test",
        "whois example.test",
        "geo www.example.test",
    ];

    measured(
        &lab,
        lab.value("CLIENT_NS"),
        54_322,
        lab.value("RESOLVER4"),
        &lines,
    );
}

#[test]
#[ignore = "needs the mail lab"]
fn mail_server_sessions_stay_within_what_their_commands_may_send() {
    let lab = Lab::mail();
    let lines = [
        "verify known@lab.test",
        "verify unknown@lab.test",
        "verify greylisted@grey.test",
        "howmail known@lab.test anybody@catchall.test",
        "mailbox lab.test",
        "spf nested.policies.test",
        "dmarc policies.test",
        "dkim lab.test",
        "blocklist 203.0.113.25",
        "mailcheck lab.test",
    ];
    measured(
        &lab,
        lab.value("CLIENT_NS"),
        54_323,
        lab.value("RESOLVER4"),
        &lines,
    );
}
