//! Contract §2 and §3 on the command line: formats of the reply, exit status, colour, help,
//! completions.

mod batch;
mod private_targets;
mod screens;

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    thread,
};

use netvane_tests::{Dns, Hostile, Netvane, is_harmless};
use serde_json::{Value, json};

#[test]
fn prints_a_reply_as_text() {
    let dns = Dns::start();
    let run = Netvane::line("mx example.test").dns(dns.address).run();
    insta::assert_snapshot!(run.text().replace(&dns.address.to_string(), "SERVER"), @r"
    MX of example.test
    ✓ 2 mail servers, both resolve

    Preference  Mail server         Addresses       TTL
            10  mail1.example.test  2001:db8::81  5 min
                                    192.0.2.81
            20  mail2.example.test  192.0.2.82    5 min

    Answered by:  SERVER
    ");
}

#[test]
fn prints_a_reply_as_markdown() {
    let dns = Dns::start();
    let run = Netvane::line("caa example.test --markdown")
        .dns(dns.address)
        .run();
    insta::assert_snapshot!(run.text().replace(&dns.address.port().to_string(), "PORT"), @"
    ### CAA of example.test

    ✅ **1 CAA record**

    | Tag | Value | Meaning | TTL |
    | --- | --- | --- | ---: |
    | issue | `ca.example` | may issue certificates | 5 min |

    - Answered by: 127.0.0.1:PORT
    ");
}

/// Returns the reply to `mx example.test` as JSON.
fn reply_to_mx(dns: &Dns) -> Value {
    Netvane::line("--json mx example.test")
        .dns(dns.address)
        .run()
        .json()
}

/// Contract §2: every member with its type; there may be more.
#[test]
fn a_reply_as_json_has_the_contracts_shape() {
    let reply = reply_to_mx(&Dns::start());
    let members: Vec<&str> = reply
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();

    assert_eq!(
        members,
        [
            "id",
            "command",
            "arguments",
            "severity",
            "title",
            "summary",
            "data",
            "blocks",
            "warnings",
            "elapsed_ms",
            "cached",
            "vantage"
        ]
    );

    assert_eq!(reply["id"].as_str().map(str::len), Some(26), "a ULID");
    assert_eq!(reply["command"], "mx");
    assert_eq!(reply["arguments"], json!({"domain": "example.test"}));
    assert_eq!(reply["severity"], "good");
    assert_eq!(reply["title"], "MX of example.test");
    assert_eq!(reply["summary"], "2 mail servers, both resolve");
    assert_eq!(reply["warnings"], json!([]));
    assert!(
        reply["elapsed_ms"]
            .as_f64()
            .is_some_and(|elapsed| elapsed > 0.0),
        "{}",
        reply["elapsed_ms"]
    );

    assert_eq!(
        (&reply["cached"], &reply["vantage"]),
        (&json!(false), &json!("local"))
    );
    assert_eq!(reply["blocks"][0]["kind"], "table");
}

#[test]
fn the_data_of_mx_has_the_contracts_shape() {
    let dns = Dns::start();
    let data = &reply_to_mx(&dns)["data"];

    assert_eq!(
        (&data["name"], &data["type"], &data["rcode"]),
        (&json!("example.test"), &json!("MX"), &json!("NOERROR"))
    );

    let first =
        json!({"name": "example.test", "type": "MX", "ttl": 300, "data": "10 mail1.example.test."});

    assert!(
        data["answers"]
            .as_array()
            .expect("an array")
            .contains(&first),
        "{data}"
    );

    assert!(data["authority"].is_array());
    assert_eq!(data["resolver"], dns.address.to_string());
    assert_eq!(
        (&data["authenticated"], &data["transport"]),
        (&json!(false), &json!("udp"))
    );
    assert_eq!(
        (&data["null_mx"], &data["implicit"]),
        (&json!(false), &json!(false))
    );

    let host = &data["hosts"][0];

    assert_eq!(
        (&host["preference"], &host["exchange"]),
        (&json!(10), &json!("mail1.example.test"))
    );
    assert_eq!(host["addresses"], json!(["2001:db8::81", "192.0.2.81"]));
}

/// Returns the data of a line's reply.
fn data_of(dns: &Dns, line: &str) -> Value {
    Netvane::line(&format!("--json {line}"))
        .dns(dns.address)
        .run()
        .json()["data"]
        .clone()
}

#[test]
fn every_dns_command_returns_the_contracts_data() {
    let dns = Dns::start();

    for (line, rtype, data) in [
        ("a example.test", "A", "192.0.2.80"),
        ("aaaa example.test", "AAAA", "2001:db8::80"),
        ("ns example.test", "NS", "ns1.example.test."),
        (
            "soa example.test",
            "SOA",
            "ns1.example.test. hostmaster.example.test. 7 7200 3600 1209600 60",
        ),
        ("txt example.test", "TXT", "\"v=spf1 mx -all\""),
        ("cname www.example.test", "CNAME", "web.example.test."),
        (
            "srv _imaps._tcp.example.test",
            "SRV",
            "0 5 993 mail1.example.test.",
        ),
        ("caa example.test", "CAA", "0 issue \"ca.example\""),
        ("dig example.test txt", "TXT", "\"v=spf1 mx -all\""),
    ] {
        let found = data_of(&dns, line);

        assert_eq!(
            (&found["type"], &found["rcode"]),
            (&json!(rtype), &json!("NOERROR")),
            "{line}"
        );

        let answer = &found["answers"][0];

        assert_eq!(
            (&answer["type"], &answer["ttl"], &answer["data"]),
            (&json!(rtype), &json!(300), &json!(data)),
            "{line}"
        );

        for member in [
            "name",
            "authority",
            "resolver",
            "authenticated",
            "transport",
        ] {
            assert!(!found[member].is_null(), "{line}: {member}");
        }
    }
}

#[test]
fn dns_lists_all_records_by_type() {
    let all = data_of(&Dns::start(), "dns example.test");
    let types: Vec<&str> = all["records"]
        .as_object()
        .expect("records")
        .keys()
        .map(String::as_str)
        .collect();

    assert_eq!(
        types,
        ["A", "AAAA", "CAA", "MX", "NS", "SOA", "TXT"],
        "absent types are absent"
    );

    assert_eq!(
        all["records"]["A"],
        json!([{"name": "example.test", "ttl": 300, "data": "192.0.2.80"}])
    );
}

#[test]
fn an_alias_comes_before_its_target() {
    let chain = data_of(&Dns::start(), "a www.example.test");
    let types: Vec<&Value> = chain["answers"]
        .as_array()
        .expect("answers")
        .iter()
        .map(|row| &row["type"])
        .collect();

    assert_eq!(types, ["CNAME", "A"], "the alias comes first");
}

#[test]
fn exit_status_is_0_for_a_reply_1_for_failure_2_for_usage() {
    let server = Hostile::start();
    let ask = |line: &str| {
        let run = Netvane::line(line)
            .dns(server.address)
            .env("NETVANE__DNS__TIMEOUT_MS", "50")
            .run();
        (run.code, run.stdout.is_empty(), run.stderr.is_empty())
    };

    for negative in [
        "a nxdomain.example.com",
        "a nodata.example.com",
        "a servfail.example.com",
        "a refused.example.com",
    ] {
        assert_eq!(
            ask(negative),
            (Some(0), false, true),
            "a negative answer is a reply: {negative}"
        );
    }

    for failed in [
        "a silent.example.com",
        "a garbage.example.com",
        "a example.com resolver=127.0.0.1",
    ] {
        assert_eq!(ask(failed), (Some(1), true, false), "{failed}");
    }

    for usage in [
        "a",
        "nosuch",
        "a a..b",
        "a b c d",
        "--nosuch",
        "--color=x a b",
        "a b --color=x",
        "config",
        "completions tcsh",
        "--json a b --markdown",
        "a b --config",
        "serve now",
    ] {
        assert_eq!(ask(usage), (Some(2), true, false), "{usage}");
    }
}

#[test]
fn a_failure_has_the_same_text_in_both_formats() {
    let run = Netvane::line("a example.com resolver=192.0.2.1").run();
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let told = "192.0.2.1 is in 192.0.2.0/24 (Documentation (TEST-NET-1), RFC 5737), which this service does not contact. \
                Operators can allow it with `[policy] allow`.";
    assert_eq!(run.stderr, format!("netvane: {told}\n"));
    let problem = Netvane::line("a example.com resolver=192.0.2.1 --json")
        .run()
        .problem();
    assert_eq!(
        problem,
        json!({"type": "about:blank", "title": "Refused target", "status": 403, "detail": told, "code": "refused_target"})
    );
    let problem = Netvane::line("--json /mxx example.com").run().problem();
    assert_eq!(
        (&problem["code"], &problem["suggestion"]),
        (&json!("unknown_command"), &json!("/mx example.com"))
    );
    assert_eq!(problem["position"], json!({"start": 0, "end": 4}));
}

#[test]
fn global_options_may_be_before_or_after_the_command() {
    let dns = Dns::start();
    let run = |line: &str| Netvane::line(line).dns(dns.address).run();

    for line in [
        "--json a example.test",
        "a --json example.test",
        "a example.test --json",
    ] {
        assert_eq!(
            run(line).json()["data"]["answers"][0]["data"],
            "192.0.2.80",
            "{line}"
        );
    }

    for line in ["--markdown a example.test", "a example.test --markdown"] {
        assert!(
            run(line).text().starts_with("### A of example.test\n"),
            "{line}"
        );
    }

    for line in [
        "--color=always a example.test",
        "--color always a example.test",
        "a example.test --color=always",
        "a --color always example.test",
    ] {
        assert!(run(line).text().contains("\x1b[32m✓\x1b[0m"), "{line}");
    }

    assert!(
        run("a -- example.test").text().contains("192.0.2.80"),
        "`--` ends the options"
    );
}

#[test]
fn colour_is_used_on_terminals_only_unless_requested() {
    let dns = Dns::start();
    let piped = |line: &str| {
        Netvane::line(line)
            .dns(dns.address)
            .run()
            .text()
            .contains('\x1b')
    };

    assert!(!piped("a example.test"), "piped");
    assert!(!piped("a example.test --color=auto"));
    assert!(!piped("a example.test --color=never"));
    assert!(piped("a example.test --color=always"));

    // util-linux's script(1) runs a command on a terminal of its own.
    let on_terminal = |variable: (&str, &str), options: &str| {
        let line = format!(
            "'{}' a example.test {options}",
            netvane_tests::program::binary().display()
        );
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        let run = Netvane::from_command(script, [""; 0])
            .dns(dns.address)
            .env(variable.0, variable.1)
            .run();
        assert!(run.stdout.contains("192.0.2.80"), "{run:?}");
        run.stdout.contains("\x1b[32m")
    };

    assert!(on_terminal(("TERM", "xterm"), ""));
    assert!(!on_terminal(("TERM", "xterm"), "--color=never"));
    assert!(!on_terminal(("NO_COLOR", "1"), ""));
    assert!(
        on_terminal(("NO_COLOR", ""), ""),
        "an empty NO_COLOR is none (no-color.org)"
    );
    assert!(on_terminal(("NO_COLOR", "1"), "--color=always"));
}

#[test]
fn a_closed_output_pipe_is_not_an_error() {
    let line = format!(
        "'{}' help | head -n 1",
        netvane_tests::program::binary().display()
    );
    let run = Netvane::from_command(Command::new("bash"), ["-o", "pipefail", "-c", &line]).run();
    assert_eq!(run.text(), "netvane: network lookups\n");
}

#[test]
fn an_interrupted_lookup_ends_at_once() {
    let dns = Dns::start();
    dns.hold("example.test. A");
    let running = Netvane::line("a example.test").dns(dns.address).spawn();
    dns.wait_for("example.test. A");
    running.signal("INT");
    let run = running.finish();
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (Some(130), "", "")
    );
    assert_eq!(dns.asked(), ["example.test. A"]);
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let server = Hostile::start();
    for line in [
        "txt control.example.com",
        "mx control.example.com",
        "a edeonly.example.com",
        "dns control.example.com",
    ] {
        for form in ["", "--markdown"] {
            let run = Netvane::line(&format!("{line} {form}"))
                .dns(server.address)
                .run();
            assert!(is_harmless(run.text()), "{line} {form}: {:?}", run.stdout);
        }
    }
}

/// Starts a mail server that greets and accepts everything; the thread returns the lines of its one
/// client.
fn mail_server(listener: TcpListener) -> thread::JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut stream = BufReader::new(stream);
        let says = |stream: &mut BufReader<TcpStream>, reply: &str| {
            let _ = stream.get_mut().write_all(reply.as_bytes());
        };
        says(&mut stream, "220 mail.example.test\r\n");
        let mut heard = Vec::new();
        let mut line = String::new();
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
            heard.push(line.trim_end().to_owned());
            says(&mut stream, "250 mail.example.test\r\n");
            line.clear();
        }
        heard
    })
}

#[test]
fn a_mail_server_sees_our_name_and_gets_a_quit() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port().to_string();
    let server = mail_server(listener);
    let zone = "m IN MX 10 here.example.test.\nhere IN A 127.0.0.1\n";
    let dns = Dns::serving(
        "example.test.",
        &format!("{}{zone}", netvane_tests::dns::ZONE),
    );
    let run = Netvane::line("--json verify ann@m.example.test")
        .dns(dns.address)
        .env("NETVANE__SMTP__PORT", port)
        .env("NETVANE__SMTP__HELO", "probe.example.test")
        .env("NETVANE__POLICY__ALLOW", "127.0.0.0/8")
        .env("NETVANE__POLICY__CONTACT", "noc@example.test")
        .run();

    assert_eq!(
        run.json()["data"]["verdict"],
        "risky",
        "it takes every address"
    );

    let heard = server.join().expect("a dialogue");
    assert_eq!(heard[0], "EHLO probe.example.test");
    let [.., introduced, last] = &heard[..] else {
        panic!("{heard:?}")
    };

    assert!(
        introduced.starts_with("NOOP \"netvane/")
            && introduced.ends_with("(contact noc@example.test)\""),
        "{heard:?}"
    );

    assert_eq!(last, "QUIT");
}
