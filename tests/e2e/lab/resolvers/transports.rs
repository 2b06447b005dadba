//! Plain and encrypted resolvers, their certificates, and the address policy.

use netvane_tests::Lab;
use serde_json::json;

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn accepts_every_form_of_a_resolver() {
    let lab = Lab::get();

    for (resolver, transport) in [
        ("{RESOLVER4}", "udp"),
        ("{RESOLVER6}", "udp"),
        ("[{RESOLVER6}]:53", "udp"),
        ("{RESOLVER4}:53", "udp"),
        ("{RESOLVER_NAME}", "udp"),
        ("udp://{RESOLVER_NAME}:53", "udp"),
        ("tcp://{RESOLVER4}", "tcp"),
        ("tcp://[{RESOLVER6}]", "tcp"),
        ("tls://{RESOLVER_NAME}", "tls"),
        ("tls://{RESOLVER4}", "tls"),
        ("tls://{RESOLVER4}#{RESOLVER_NAME}", "tls"),
        ("tls://[{RESOLVER6}]:853#{RESOLVER_NAME}", "tls"),
        ("{RESOLVER_DOH_URL}", "https"),
        ("https://{RESOLVER_NAME}", "https"),
        ("https://{RESOLVER4}/dns-query", "https"),
    ] {
        let reply = lab.json(&format!("a www.example.test resolver={resolver}"));
        let data = &reply["data"];
        assert_eq!(
            (&data["rcode"], &data["transport"]),
            (&json!("NOERROR"), &json!(transport)),
            "{resolver}"
        );
        assert_eq!(data["answers"][0]["data"], "203.0.113.80", "{resolver}");
        assert_eq!(data["authenticated"], true, "{resolver}");
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn the_configured_resolvers_may_be_encrypted() {
    let lab = Lab::get();
    for (server, transport) in [
        ("tls://198.51.100.53#dns.lab.test", "tls"),
        ("https://198.51.100.53/dns-query#dns.lab.test", "https"),
        ("tcp://[2001:db8:1::53]", "tcp"),
    ] {
        let run = lab
            .line("--json a www.example.test")
            .env("NETVANE__DNS__SERVERS", server)
            .run();
        assert_eq!(run.json()["data"]["transport"], transport, "{server}");
    }
    // A dead resolver before it is skipped.
    let servers = format!("{},{}", lab.value("CLOSED4"), lab.value("RESOLVER4"));
    let run = lab
        .line("--json a www.example.test")
        .env("NETVANE__DNS__SERVERS", servers)
        .run();
    assert_eq!(run.json()["data"]["resolver"], "198.51.100.53:53");
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn certificates_are_checked() {
    let lab = Lab::get();

    for resolver in [
        "tls://{RESOLVER_WRONG_NAME}",
        "tls://{RESOLVER4}#other.test",
        "https://{RESOLVER_WRONG_NAME}/dns-query",
    ] {
        let problem = lab
            .line(&format!("--json a www.example.test {resolver}"))
            .run()
            .problem();
        assert_eq!(problem["code"], "upstream", "{resolver}: {problem}");
        assert!(
            problem["detail"]
                .to_string()
                .contains("certificate not valid for name"),
            "{resolver}: {problem}"
        );
    }

    for resolver in ["tls://{RESOLVER_NAME}", "{RESOLVER_DOH_URL}"] {
        let run = lab
            .line(&format!("--json a www.example.test {resolver}"))
            .env("NETVANE__TLS__CA_FILES", "")
            .run();
        let problem = run.problem();
        assert_eq!(problem["code"], "upstream", "{resolver}: {problem}");
        assert!(
            problem["detail"].to_string().contains("UnknownIssuer"),
            "{resolver}: {problem}"
        );
    }

    let problem = lab
        .line("--json a www.example.test https://{RESOLVER_NAME}/nosuch")
        .run()
        .problem();
    assert!(problem["detail"].to_string().contains("404"), "{problem}");
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn no_name_bypasses_the_address_policy() {
    let lab = Lab::get();

    for (name, address) in [
        ("inside", "10.1.2.3"),
        ("loopback", "127.0.0.1"),
        ("mapped", "127.0.0.1"),
    ] {
        for form in [
            "{}",
            "{}:53",
            "tcp://{}",
            "tls://{}",
            "https://{}/dns-query",
            "quic://{}",
        ] {
            let resolver = form.replace("{}", &format!("{name}.lab.test"));
            let run = lab
                .netvane(["--json", "a", "www.example.test", &resolver])
                .env("NETVANE__POLICY__TERMINAL_PRIVATE", "false")
                .run();
            assert_eq!(run.code, Some(1), "{resolver}");
            let problem = run.problem();
            assert_eq!(problem["code"], "refused_target", "{resolver}: {problem}");
            assert!(
                problem["detail"]
                    .to_string()
                    .contains(&format!("{name}.lab.test ({address}) is in")),
                "{problem}"
            );
        }
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn the_operators_policy_limits_resolvers() {
    let lab = Lab::get();

    // Without the operator's exceptions, the whole lab is forbidden; with some, all addresses of a
    // name must be allowed.
    for allow in ["", "198.51.100.0/24"] {
        let run = lab
            .line("--json a www.example.test {RESOLVER_NAME}")
            .env("NETVANE__POLICY__ALLOW", allow)
            .run();
        assert_eq!(run.problem()["code"], "refused_target", "{allow}");
    }

    let configured = lab
        .line("--json a www.example.test")
        .env("NETVANE__POLICY__ALLOW", "")
        .run();

    assert_eq!(
        configured.json()["data"]["rcode"],
        "NOERROR",
        "the operator's own choice needs no exception"
    );

    let problem = lab
        .line("--json a www.example.test nosuch.lab.test")
        .run()
        .problem();

    assert_eq!(
        (&problem["code"], &problem["detail"]),
        (
            &json!("upstream"),
            &json!(
                "`resolver`: nosuch.lab.test does not exist (NXDOMAIN); to look up several names, use `netvane batch`"
            )
        )
    );
}
