//! Every misbehaviour of `tests/lab/hostile_dns.py`: reported correctly and in bounded time, and no
//! byte of it affects the user's terminal or chat.

use std::{sync::Mutex, thread, time::Duration};

use netvane_tests::{Finished, Hostile, Netvane, Service, is_harmless};
use serde_json::{Value, json};

/// The expected result of a lookup.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// A reply: RCODE, outcome, severity.
    Reply(&'static str, &'static str, &'static str),
    /// A failure, with the problem's code.
    Failure(&'static str),
}

use Told::{Failure, Reply};

const ANSWER: Told = Reply("NOERROR", "answer", "good");
const TRUNCATED: Told = Reply("NOERROR", "truncated", "warning");
const SERVFAIL: Told = Reply("SERVFAIL", "servfail", "bad");

/// Results by the first label, for `a` and `txt` alike.
const MISBEHAVIOURS: [(&str, Told); 38] = [
    ("wrongid", Failure("timeout")),
    ("lateid", ANSWER),
    ("oversize", Failure("upstream")),
    ("garbage", Failure("upstream")),
    ("cut", Failure("upstream")),
    ("pointerloop", Failure("upstream")),
    ("pointerfar", Failure("upstream")),
    ("liar", Failure("upstream")),
    ("control", ANSWER),
    ("tcmute", TRUNCATED),
    ("tcclose", TRUNCATED),
    ("tchalf", TRUNCATED),
    ("drip", TRUNCATED),
    ("silent", Failure("timeout")),
    ("slow", Failure("timeout")),
    ("loop", Reply("NOERROR", "cname_loop", "bad")),
    ("longchain", ANSWER),
    // A response that does not match the query is ignored; it may be spoofed.
    ("foreign", Failure("timeout")),
    ("noquestion", Failure("timeout")),
    ("bailiwick", ANSWER),
    ("servfail", SERVFAIL),
    ("refused", Reply("REFUSED", "refused", "bad")),
    ("notimp", Reply("NOTIMP", "error", "bad")),
    ("formerr", Reply("FORMERR", "error", "bad")),
    ("nxdomain", Reply("NXDOMAIN", "nxdomain", "bad")),
    ("badvers", Reply("BADVERS", "error", "bad")),
    ("nodata", Reply("NOERROR", "no_data", "neutral")),
    // Neither data nor SOA but name servers does not mean "no data" (RFC 2308 §2.2), whatever the
    // flags.
    ("upward", Reply("NOERROR", "lame", "bad")),
    ("edeonly", SERVFAIL),
    ("edebad", SERVFAIL),
    ("empty", Failure("timeout")),
    ("echo", Failure("upstream")),
    ("ede0", SERVFAIL),
    ("ede6", SERVFAIL),
    ("ede15", SERVFAIL),
    ("ede22", SERVFAIL),
    ("ede65535", SERVFAIL),
    ("anythingelse", ANSWER),
];

/// Runs a lookup with a timeout of 800 ms per attempt, two attempts: less than `slow` takes, but
/// enough for a busy machine.
fn ask(server: &Hostile, line: &str) -> Finished {
    let run = Netvane::line(line)
        .dns(server.address)
        .env("NETVANE__DNS__TIMEOUT_MS", "800")
        .run();
    // Longer than the DNS timeout, for a busy machine, and shorter than any other timeout of a
    // lookup.
    assert!(
        run.elapsed < Duration::from_secs(10),
        "{line} took {:?}",
        run.elapsed
    );
    assert!(!run.stderr.contains("panic"), "{line}: {}", run.stderr);
    run
}

/// Runs each line, several in parallel, because most of the time is waiting.
fn each(lines: Vec<(String, Told)>, check: impl Fn(&str, Told) -> Result<(), String> + Sync) {
    let (left, faults) = (Mutex::new(lines), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some((line, told)) = left.lock().ok().and_then(|mut left| left.pop()) {
                    if let Err(fault) = check(&line, told) {
                        faults.lock().expect("no panic before").push(fault);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("no panic");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn compare(line: &str, run: &Finished, told: Told, with_outcome: bool) -> Result<(), String> {
    let text = if run.code == Some(0) {
        &run.stdout
    } else {
        &run.stderr
    };

    let seen: Value =
        serde_json::from_str(text).map_err(|error| format!("{line}: {error}: {text}"))?;
    let same = match told {
        Reply(rcode, outcome, severity) => {
            run.code == Some(0)
                && seen["data"]["rcode"] == rcode
                && seen["severity"] == severity
                && (!with_outcome || seen["data"]["outcome"] == outcome)
        }
        Failure(code) => run.code == Some(1) && seen["code"] == code,
    };

    let said = |member: &str| seen[member].as_str().is_none_or(is_harmless);

    if !same || !["title", "detail"].iter().all(|member| said(member)) {
        let (data, code) = (&seen["data"], &seen["code"]);
        return Err(format!(
            "{line}: expected {told:?}, seen {code} {} {} {}: {}{}",
            data["rcode"], data["outcome"], seen["severity"], seen["summary"], seen["detail"]
        ));
    }

    Ok(())
}

#[test]
fn record_lookups_report_each_misbehaviour() {
    let server = Hostile::start();
    let lines = MISBEHAVIOURS.iter().flat_map(|(label, told)| {
        ["a", "txt"].map(|command| (format!("--json {command} {label}.hostile.test"), *told))
    });
    each(lines.collect(), |line, told| {
        compare(line, &ask(&server, line), told, true)
    });
}

#[test]
fn dig_reports_each_misbehaviour() {
    let server = Hostile::start();
    let lines = MISBEHAVIOURS.iter().map(|(label, told)| {
        // `dig` sends one exact query, follows nothing, and shows the response as it is.
        let told = match *label {
            "loop" => ANSWER,
            "upward" => Reply("NOERROR", "", "neutral"),
            _ => *told,
        };
        (format!("--json dig {label}.hostile.test"), told)
    });
    each(lines.collect(), |line, told| {
        compare(line, &ask(&server, line), told, false)
    });
}

#[test]
fn a_truncated_answer_is_not_shown_as_empty() {
    let server = Hostile::start();
    for label in ["tcmute", "tcclose", "tchalf"] {
        for command in ["a", "txt", "dig"] {
            let reply = ask(&server, &format!("--json {command} {label}.hostile.test")).json();
            let told = reply["summary"].as_str().expect("a summary");
            assert!(!told.contains("has no"), "{command} {label}: {told}");
            assert_eq!(reply["data"]["flags"]["tc"], true, "{command} {label}");
            assert_eq!(
                reply["warnings"].as_array().map(Vec::len),
                Some(1),
                "{command} {label}"
            );
        }
    }
}

#[test]
fn four_thousand_records_are_counted_and_shown_up_to_the_bound() {
    let server = Hostile::start();
    let reply = ask(&server, "--json a many.hostile.test").json();
    assert_eq!(reply["summary"], "4000 IPv4 addresses");
    assert_eq!(reply["data"]["transport"], "tcp");
    let answers = reply["data"]["answers"].as_array().map(Vec::len);
    let shown = answers.expect("answers");
    assert_eq!(
        reply["data"]["truncated"],
        json!({"member": "answers", "shown": shown, "total": 4000})
    );
    assert!(reply["data"].to_string().len() <= 256 << 10);
    let text = ask(&server, "a many.hostile.test");
    assert_eq!(text.text().matches("198.18.").count(), shown);

    // Records of a type that was not requested must not slow it down either.
    for line in [
        "txt many.hostile.test",
        "mx many.hostile.test",
        "dns many.hostile.test",
        "dig many.hostile.test TXT",
    ] {
        ask(&server, line);
    }
}

#[test]
fn keeps_the_order_of_a_cname_chain() {
    let server = Hostile::start();
    let reply = ask(&server, "--json a longchain.hostile.test").json();
    let answers = reply["data"]["answers"].as_array().expect("answers");
    assert_eq!(answers.len(), 31);
    for (index, pair) in answers.windows(2).enumerate() {
        assert_eq!(pair[0]["type"], "CNAME", "{index}");
        let target = pair[0]["data"]
            .as_str()
            .expect("a name")
            .trim_end_matches('.');
        assert_eq!(pair[1]["name"], target, "{index}");
    }
    assert_eq!(
        (&answers[30]["type"], &answers[30]["data"]),
        (&json!("A"), &json!("192.0.2.7"))
    );
}

#[test]
fn ignores_records_outside_the_query() {
    let server = Hostile::start();
    let late = ask(&server, "--json a lateid.hostile.test").json();
    assert_eq!(
        late["data"]["answers"][0]["data"], "192.0.2.7",
        "not the 192.0.2.66 of the wrong id"
    );
    for label in ["foreign", "bailiwick", "wrongid"] {
        let run = ask(&server, &format!("a {label}.hostile.test"));
        assert!(
            !format!("{}{}", run.stdout, run.stderr).contains("192.0.2.66"),
            "{label}: {run:?}"
        );
    }
}

#[test]
fn explains_the_reason_of_a_failure() {
    let server = Hostile::start();
    for (label, told) in [
        ("ede6", ": DNSSEC validation failed"),
        ("ede22", ": the zone's name servers do not answer"),
        ("ede15", ": the resolver blocks the name"),
        ("ede0", "returned SERVFAIL"),
    ] {
        let reply = ask(&server, &format!("--json a {label}.hostile.test")).json();
        assert!(
            reply["summary"]
                .as_str()
                .is_some_and(|summary| summary.ends_with(told)),
            "{reply}"
        );
        assert_eq!(
            reply["data"]["extended_errors"][0]["text"],
            "said by the lab"
        );
    }
}

/// Returns all lookups whose answers contain hostile text.
fn hostile_lines() -> Vec<String> {
    let types = [
        "a", "aaaa", "txt", "caa", "mx", "ns", "soa", "cname", "srv", "dns",
    ];
    let mut lines: Vec<String> = types
        .iter()
        .map(|name| format!("{name} control.hostile.test"))
        .collect();

    lines.extend(
        ["TXT", "MX", "CAA", "PTR", "SOA", "ANY"]
            .map(|rtype| format!("dig control.hostile.test {rtype}")),
    );
    lines.extend(
        [
            "a edeonly.hostile.test",
            "dig edeonly.hostile.test",
            "a edebad.hostile.test",
        ]
        .map(str::to_owned),
    );

    lines
}

/// Control characters, escapes, bidirectional overrides and markup, in data, names and error texts.
#[test]
fn hostile_text_is_harmless_in_every_format() {
    let server = Hostile::start();
    let service = Service::with_dns(server.address);

    for line in hostile_lines() {
        // A reply, or a failure that explains why the answer cannot be parsed.
        let shown = |options: &str| {
            let run = ask(&server, &format!("{line} {options}"));
            assert!(matches!(run.code, Some(0 | 1)), "{line} {options}: {run:?}");
            run.stdout + &run.stderr
        };

        for shown in [
            shown(""),
            shown("--markdown"),
            without_our_colours(&shown("--color=always")),
        ] {
            assert!(
                !shown.is_empty() && is_harmless(&shown),
                "{line}: {shown:?}"
            );
        }

        for accept in ["text/plain", "text/markdown"] {
            let response = service.post_for(accept, json!({ "command": line }).to_string());
            assert!(
                is_harmless(response.text()),
                "{line} as {accept}: {:?}",
                response.text()
            );
        }
    }
}

#[test]
fn markup_is_shown_as_code() {
    let server = Hostile::start();
    let markdown = ask(&server, "txt control.hostile.test --markdown");

    for line in markdown
        .text()
        .lines()
        .filter(|line| line.contains("<script>") || line.contains("@everyone"))
    {
        assert!(
            in_code_block(markdown.text(), line),
            "markup acts only outside of code: {line}"
        );
    }
}

/// Removes `CSI … m`, the only escape sequence that the program itself uses.
fn without_our_colours(text: &str) -> String {
    let parts = text.split("\x1b[").enumerate();
    let plain = parts.map(|(index, part)| match part.split_once('m') {
        Some((codes, rest))
            if index > 0 && codes.chars().all(|c| c.is_ascii_digit() || c == ';') =>
        {
            rest
        }
        _ => part,
    });
    plain.collect()
}

/// Whether a line is between two code fences.
fn in_code_block(markdown: &str, line: &str) -> bool {
    let mut fence: Option<&str> = None;
    for current in markdown.lines() {
        let is_fence = current.len() >= 3 && current.bytes().all(|byte| byte == b'`');
        match fence {
            None if is_fence => fence = Some(current),
            Some(open) if is_fence && current.len() >= open.len() => fence = None,
            _ if current == line => return fence.is_some(),
            _ => {}
        }
    }
    false
}

#[test]
fn a_service_survives_all_misbehaviours() {
    let server = Hostile::start();
    let address = server.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &address),
        ("NETVANE__DNS__TIMEOUT_MS", "800"),
    ]);
    for (label, told) in MISBEHAVIOURS {
        let response = service.command(&format!("a {label}.hostile.test"));
        match told {
            Reply(rcode, ..) => assert_eq!(response.json()["data"]["rcode"], rcode, "{label}"),
            Failure(code) => assert_eq!(response.problem()["code"], code, "{label}"),
        }
    }
    assert_eq!(service.get("/readyz").status, 200);
    assert!(!service.log().contains("panic"), "{}", service.log());
    assert_eq!(service.stop(), Some(0));
}
