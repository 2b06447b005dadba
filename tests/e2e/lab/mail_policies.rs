//! SPF, DKIM, DMARC and blocklists on a real name server, and reports about domains with real mail servers.

use std::time::{Duration, Instant};

use netvane_tests::Lab;
use serde_json::{Value, json};

const BLOCKLISTS: &str =
    "listed.bl.test,clean.bl.test,closed.bl.test,wild.bl.test,refused.bl.test,domains.bl.test";

/// Runs a command line with the lab's blocklists.
fn reply(lab: &Lab, line: &str) -> Value {
    lab.netvane(["--json"].into_iter().chain(line.split(' ')))
        .env("NETVANE__SMTP__HELO", lab.value("CLIENT_NAME"))
        .env("NETVANE__BLOCKLIST__LISTS", BLOCKLISTS)
        .run()
        .json()
}

/// Codes of the problems with this severity.
fn codes(data: &Value, severity: &str) -> Vec<String> {
    let problems = data["problems"].as_array().expect("a list").iter();
    problems
        .filter(|problem| problem["severity"] == severity)
        .map(|problem| problem["code"].as_str().expect("a code").to_owned())
        .collect()
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn counts_the_lookups_of_nested_records() {
    let lab = Lab::mail();
    let data = reply(&lab, "spf nested.policies.test")["data"].clone();
    assert_eq!(
        [&data["lookups"], &data["void_lookups"]],
        [&json!(5), &json!(1)]
    );
    assert_eq!(data["state"], "warning");
    assert_eq!(data["tree"][0]["domain"], "one.policies.test");
    assert_eq!(data["tree"][0]["lookups"], 4);
    assert_eq!(
        data["tree"][0]["terms"][0]["terms"][0]["term"],
        "a:mx1.lab.test"
    );
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn loops_and_huge_records_end_soon() {
    let lab = Lab::mail();
    for (line, expected) in [
        (
            "spf loop.policies.test",
            ["loop", "too_many_lookups"].as_slice(),
        ),
        (
            "spf terms.policies.test",
            &["too_many_lookups", "too_many_void_lookups"],
        ),
    ] {
        let started = Instant::now();
        let data = reply(&lab, line)["data"].clone();
        assert!(started.elapsed() < Duration::from_secs(5), "{line}");
        assert_eq!(data["lookups"], 100, "{line}");
        let mut codes = codes(&data, "error");
        codes.sort();
        assert_eq!(codes, expected, "{line}");
    }
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn checks_keys_and_report_addresses() {
    let lab = Lab::mail();
    let key = reply(&lab, "dkim lab.test s1")["data"]["keys"][0].clone();
    assert_eq!([&key["type"], &key["state"]], ["rsa", "ok"]);
    let short = reply(&lab, "dkim policies.test short")["data"]["keys"][0].clone();
    assert_eq!(
        [&short["bits"], &short["state"]],
        [&json!(1024), &json!("warning")]
    );
    let guessed = reply(&lab, "dkim lab.test")["data"].clone();
    assert_eq!(guessed["guessed"], true);
    assert_eq!(guessed["keys"][0]["selector"], "s1");

    let policy = reply(&lab, "dmarc www.policies.test")["data"].clone();
    assert_eq!(
        [&policy["found_at"], &policy["policy"]],
        ["policies.test", "quarantine"]
    );
    assert_eq!(policy["rua"][0]["accepted"], false);
    assert_eq!(codes(&policy, "error"), ["report_not_accepted"; 2]);
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn blocklists_that_do_not_work_are_never_believed() {
    let lab = Lab::mail();
    let states = |line: &str| -> Vec<String> {
        let data = reply(&lab, line)["data"].clone();
        let mut states: Vec<String> = data["lists"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|list| {
                let text = |name: &str| list[name].as_str().expect("text").to_owned();
                format!(
                    "{} {}",
                    text("zone").trim_end_matches(".bl.test"),
                    text("state")
                )
            })
            .collect();
        states.sort();
        states
    };
    assert_eq!(
        states(&format!("blocklist {}", lab.value("MX1_4"))),
        [
            "clean clean",
            "closed dead",
            "listed listed",
            "refused refused",
            "wild dead"
        ]
    );
    assert_eq!(
        states("blocklist second.test"),
        [
            "closed dead",
            "domains listed",
            "refused refused",
            "wild dead"
        ]
    );
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn lists_of_rbldnsd_are_told_apart() {
    let lab = Lab::mail();
    let run = |line: &str, lists: &str| {
        lab.line(&format!("--json {line}"))
            .env("NETVANE__BLOCKLIST__LISTS", lists)
            .run()
            .json()
    };
    let lists = "listed.rbl.test,names.rbl.test,closed.rbl.test,wild.rbl.test,refused.rbl.test";
    let state = |reply: &Value, zone: &str| {
        let lists = reply["data"]["lists"].as_array().expect("lists").clone();
        let list = lists.into_iter().find(|list| list["zone"] == zone);
        list.unwrap_or_default()
    };

    for (line, code, reason) in [
        ("blocklist {MX1_4}", "127.0.0.3", "open relay"),
        ("blocklist {MX1_6}", "127.0.0.4", "botnet"),
    ] {
        let reply = run(line, lists);
        let listed = state(&reply, "listed.rbl.test");
        assert_eq!(listed["state"], "listed", "{reply}");
        assert_eq!(listed["codes"], json!([code]));
        let text = listed["reason"].as_str().expect("a reason");
        assert!(text.contains(reason), "{text}");
        // A list of names has nothing to do with addresses.
        assert!(state(&reply, "names.rbl.test").is_null(), "{reply}");
    }

    let reply = run("blocklist {MX2_4}", lists);
    for (zone, expected) in [
        ("listed.rbl.test", "clean"),
        ("closed.rbl.test", "dead"),
        ("wild.rbl.test", "dead"),
        ("refused.rbl.test", "refused"),
    ] {
        assert_eq!(state(&reply, zone)["state"], expected, "{zone}: {reply}");
    }
    assert_eq!(
        (&reply["data"]["listed"], &reply["data"]["checked"]),
        (&json!(0), &json!(1))
    );

    for (domain, expected) in [
        ("second.test", "listed"),
        ("a.wide.test", "listed"),
        ("first.test", "clean"),
    ] {
        let reply = run(&format!("blocklist {domain}"), "names.rbl.test");
        assert_eq!(
            state(&reply, "names.rbl.test")["state"],
            expected,
            "{domain}"
        );
    }
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn reports_on_a_domain_with_everything() {
    let lab = Lab::mail();
    let reply = reply(&lab, "mailcheck lab.test");
    let sections = &reply["data"]["sections"];
    for (name, state) in [
        ("mx", "ok"),
        ("starttls", "ok"),
        ("spf", "ok"),
        ("dkim", "ok"),
        ("dmarc", "ok"),
        ("mta_sts", "ok"),
        ("tls_rpt", "ok"),
        ("dane", "none"),
        ("bimi", "none"),
        ("reverse", "ok"),
        ("blocklist", "error"),
    ] {
        assert_eq!(sections[name]["state"], state, "{name}: {reply:#}");
    }
    assert_eq!(codes(&reply["data"], "error"), ["listed"]);
    assert_eq!(reply["severity"], "bad");
}
