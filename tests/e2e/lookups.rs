//! Lookups without a network: their replies and their errors.

use netvane_tests::Netvane;

/// Prepares a run that cannot reach anything.
fn offline(line: &str) -> Netvane {
    Netvane::line(line)
        .env("NETVANE__DNS__SERVERS", "127.0.0.1:9")
        .env("NETVANE__DNS__TIMEOUT_MS", "100")
}

#[track_caller]
fn json(line: &str) -> serde_json::Value {
    offline(&format!("--json {line}")).run().json()
}

#[test]
fn geo_answers_offline_from_the_shipped_database() {
    let data = &json("geo 8.8.8.8")["data"];

    assert_eq!(
        (&data["address"], &data["version"], &data["scope"]),
        (&"8.8.8.8".into(), &4.into(), &"global".into())
    );
    assert_eq!(
        data["country"],
        serde_json::json!({"code": "US", "name": "United States"})
    );
    assert_eq!(data["network"]["asn"], 15169);
    let v6 = &json("geo [2001:4860:4860::8888]")["data"];

    assert_eq!(
        (&v6["version"], &v6["network"]["asn"]),
        (&6.into(), &15169.into())
    );

    let private = json("geo 10.0.0.1");

    assert_eq!(
        (&private["data"]["scope"], &private["data"]["country"]),
        (&"private".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        private["summary"],
        "Private address: Private-Use (10.0.0.0/8, RFC 1918)"
    );
}

#[test]
fn looks_up_ports_by_number_name_and_words() {
    let data = |line: &str| json(line)["data"].clone();
    assert_eq!(
        data("port 443/udp")["matches"],
        serde_json::json!([{"port": 443, "protocol": "udp", "service": "https",
            "description": "http protocol over TLS/SSL", "unofficial": false}])
    );
    assert_eq!(data("port postgres")["matches"][0]["port"], 5432);
    assert_eq!(data("port remote desktop")["matches"][0]["port"], 3389);
    assert_eq!(data("port 61234")["matches"], serde_json::json!([]));
    assert_eq!(offline("port 70000").run().code, Some(2));
}

#[test]
fn recognizes_current_user_agents() {
    let line = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let data = &offline("--json ua").arg(line).run().json()["data"];
    assert_eq!(
        (&data["category"], &data["bot"]),
        (&"pc".into(), &false.into())
    );
    assert_eq!(
        (&data["client"]["name"], &data["os"]["name"]),
        (&"Chrome".into(), &"Windows".into())
    );
    let bot = &json("ua Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)")["data"];
    assert_eq!(
        (&bot["category"], &bot["bot"], &bot["client"]["name"]),
        (&"crawler".into(), &true.into(), &"GPTBot".into())
    );
    let long = "x".repeat(12_000);
    assert_eq!(offline("--json ua").arg(long).run().code, Some(0));
}

#[test]
fn forbidden_targets_are_refused_in_every_notation() {
    for (line, code) in [
        ("ping 127.0.0.1", 1),
        ("ping localhost.", 1),
        ("ping [::ffff:127.0.0.1]", 1),
        ("ping ::1", 1),
        ("trace 10.0.0.1", 1),
        ("ports 169.254.169.254", 1),
        ("ports 64:ff9b::10.0.0.1", 1),
        ("whois example.com server=127.0.0.1", 1),
        ("ping 2130706433", 2),
        ("ping 0x7f.1", 2),
        ("ping 127.1", 2),
        ("ping -f", 2),
        ("ports 192.0.2.1 1-65535", 2),
        ("geo 999.1.1.1", 2),
        ("ping example.com count=-1", 2),
        ("ping example.com count=21", 2),
        ("trace example.com ipv=5", 2),
    ] {
        let run = offline(line)
            .env("NETVANE__POLICY__TERMINAL_PRIVATE", "false")
            .run();
        assert_eq!(run.code, Some(code), "{line}: {}", run.stderr);
        assert!(
            code == 2 || run.stderr.contains("`[policy] allow`"),
            "{line}: {}",
            run.stderr
        );
    }

    let split = offline("whois").arg("a\r\nb").run();
    assert_eq!(split.code, Some(2), "{}", split.stderr);
}

#[test]
fn shows_the_status_of_the_databases() {
    let status = &json("status")["data"];
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert!(status["data"]["geo"][0]["age_days"].is_number());
    let shown = offline("data status").run();
    assert!(shown.text().contains("built in"));
    let nothing = offline("data update").run();
    assert_eq!(
        (nothing.code, nothing.stderr.contains("geo.city_url")),
        (Some(2), true)
    );
    let broken = offline("geo 8.8.8.8")
        .env("NETVANE__GEO__CITY", "/dev/null")
        .run();
    assert!(
        broken.code == Some(2) && broken.stderr.contains("geo database"),
        "{}",
        broken.stderr
    );
}
