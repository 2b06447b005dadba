//! Contract §3: `netvane batch` runs a command for each line of a file, to NDJSON, CSV or a table, and can be resumed.

use std::{fs, path::Path, time::Instant};

use netvane_tests::{Dns, Finished, Netvane, PATIENCE, Running, Scratch};
use serde_json::{Value, json};

/// Number of hosts in the zone, all at the same address.
const HOSTS: usize = 40;

fn dns() -> Dns {
    let hosts: String = (0..HOSTS)
        .map(|number| format!("host{number} IN A 192.0.2.{}\n", number + 1))
        .collect();
    let soa = "@ IN SOA ns1.example.test. hostmaster.example.test. 7 7200 3600 1209600 60";
    Dns::serving("example.test.", &format!("$TTL 300\n{soa}\n{hosts}"))
}

fn host(number: usize) -> String {
    format!("host{number}.example.test")
}

fn hosts() -> String {
    (0..HOSTS).map(|number| host(number) + "\n").collect()
}

/// A batch of `a` lookups of all hosts, two at a time.
fn batch(dns: &Dns, scratch: &Scratch, more: &[&str]) -> Netvane {
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let (input, output) = (path("hosts.txt"), path("out.ndjson"));
    Netvane::new(["batch", "a", &input, "--output", &output, "--parallel", "2"])
        .args(more)
        .dns(dns.address)
}

fn rows(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// Inputs of the rows in a file.
fn inputs(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("rows");
    let input = |row: &Value| row["input"].as_str().expect("a text").to_owned();
    rows(&text).iter().map(input).collect()
}

/// Starts a batch that waits for the answer about one host.
fn start_until(dns: &Dns, scratch: &Scratch, number: usize) -> Running {
    scratch.file("hosts.txt", hosts());
    let question = format!("{}. A", host(number));
    dns.hold(&question);
    let running = batch(dns, scratch, &[]).spawn();
    dns.wait_for(&question);
    running
}

#[test]
fn rows_have_the_order_of_the_lines_and_errors_are_rows() {
    let dns = dns();
    dns.hold("host1.example.test. A");
    let lines = "\u{feff}host1.example.test\r\n\n# a comment\nhost2.example.test\nno domain\n\
                 none.example.test\n  host3.example.test resolver=192.0.2.1  \n";
    let running = Netvane::line("batch A -")
        .dns(dns.address)
        .stdin(lines)
        .spawn();
    dns.wait_for("none.example.test. A");
    dns.release("host1.example.test. A");
    let run = running.finish();
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(run.stderr, "netvane: 5 lookups: 3 answered, 2 failed\n");

    let rows = rows(&run.stdout);
    let outcome = |row: &Value| {
        (
            row["line"].clone(),
            row["input"].clone(),
            row["error"]["code"].clone(),
        )
    };
    assert_eq!(
        rows.iter().map(outcome).collect::<Vec<_>>(),
        [
            (json!(1), json!("host1.example.test"), Value::Null),
            (json!(4), json!("host2.example.test"), Value::Null),
            (json!(5), json!("no domain"), json!("bad_argument")),
            (json!(6), json!("none.example.test"), Value::Null),
            (
                json!(7),
                json!("host3.example.test resolver=192.0.2.1"),
                json!("refused_target")
            ),
        ]
    );
    assert_eq!(rows[1]["data"]["answers"][0]["data"], "192.0.2.3");
    assert_eq!(rows[3]["data"]["rcode"], "NXDOMAIN");
    assert_eq!(rows[0]["vantage"], "local", "the whole reply");
}

#[test]
fn writes_csv_and_a_table() {
    let dns = dns();
    let batch = |format: &str, lines: &str| {
        let line = format!("batch a --format {format} -- resolver={}", dns.address);
        Netvane::line(&line).stdin(lines).run()
    };

    let csv = batch("csv", "host1.example.test\n\"a, b\"\n");
    let lines: Vec<&str> = csv.stdout.lines().collect();
    assert!(
        lines[0].starts_with("input,severity,summary,elapsed_ms,name,type,rcode,"),
        "{csv:?}"
    );
    assert!(
        lines[1].starts_with("host1.example.test,good,1 IPv4 address,"),
        "{csv:?}"
    );
    assert!(
        lines[1].contains(r#","[{""name"":""host1.example.test"","#),
        "{csv:?}"
    );
    assert!(lines[2].starts_with(r#""""a, b""",error,"#), "{csv:?}");
    assert_eq!((lines.len(), csv.code), (3, Some(1)), "{csv:?}");

    let table = batch("table", "host1.example.test\nnone.example.test\n");
    insta::assert_snapshot!(table.stdout, @r"
      Input                     Summary
    ✓ host1.example.test        1 IPv4 address
    ✗ none.example.test         none.example.test does not exist (NXDOMAIN)
    ");
    assert_eq!(table.code, Some(0));
}

#[test]
fn short_rows_show_values() {
    let dns = dns();
    let batch = |line: &str, lines: &str| Netvane::line(line).dns(dns.address).stdin(lines).run();

    let table = batch(
        "batch a --format table",
        "host1.example.test +short\nhost2.example.test\n",
    );
    insta::assert_snapshot!(table.stdout, @r"
      Input                     Summary
    ✓ host1.example.test +short  192.0.2.2
    ✓ host2.example.test        1 IPv4 address
    ");
    for line in [
        "batch a --format csv --short",
        "--short batch a --format csv",
    ] {
        let csv = batch(line, "host1.example.test\n");
        let row = csv.stdout.lines().nth(1).expect("a row");
        assert!(
            row.starts_with("host1.example.test,good,192.0.2.2,"),
            "{csv:?}"
        );
    }
}

#[test]
fn errors_of_rows_are_about_the_line() {
    let dns = dns();
    let line = format!("batch a -- resolver={}", dns.address);
    let run = Netvane::line(&line)
        .stdin("host1.example.test extra\nhost1.example.test resolvr=192.0.2.1\nhost1..test\n")
        .run();
    let error = |row: &Value| {
        let problem = &row["error"];
        (problem["position"].clone(), problem["suggestion"].clone())
    };
    let errors: Vec<(Value, Value)> = rows(&run.stdout).iter().map(error).collect();
    assert_eq!(errors[0], (json!({"start": 19, "end": 24}), Value::Null));
    let corrected = json!("host1.example.test resolver=192.0.2.1");
    assert_eq!(errors[1], (json!({"start": 19, "end": 36}), corrected));
    assert_eq!(errors[2].0, json!({"start": 0, "end": 11}));
}

#[test]
fn an_interrupted_batch_resumes_and_asks_nothing_twice() {
    let (dns, scratch) = (dns(), Scratch::new());
    let (output, state) = (
        scratch.path().join("out.ndjson"),
        scratch.path().join("out.ndjson.state"),
    );

    let running = start_until(&dns, &scratch, 20);
    running.signal("INT");
    dns.release("host20.example.test. A");
    let interrupted = running.finish();
    assert_eq!(interrupted.code, Some(130));
    assert!(
        interrupted
            .stderr
            .contains("; resume with: netvane batch a "),
        "{}",
        interrupted.stderr
    );

    let done = inputs(&output);
    assert!(
        (20..HOSTS).contains(&done.len()) && state.exists(),
        "{done:?}"
    );

    let resumed = batch(&dns, &scratch, &[]).run();
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_eq!(inputs(&output), (0..HOSTS).map(host).collect::<Vec<_>>());
    assert!(!state.exists(), "a complete batch has no state");

    let asked = dns.asked();
    for number in 0..HOSTS {
        let question = format!("{}. A", host(number));
        let times = asked.iter().filter(|asked| **asked == question).count();
        assert_eq!(times, 1, "{question}");
    }
}

#[test]
fn a_second_interrupt_ends_the_batch_at_once() {
    let (dns, scratch) = (dns(), Scratch::new());
    let running = start_until(&dns, &scratch, 5);
    running.signal("INT");
    std::thread::sleep(std::time::Duration::from_millis(200));
    let started = Instant::now();
    running.signal("INT");
    let interrupted = running.finish();
    assert_eq!(interrupted.code, Some(130));
    assert!(started.elapsed() < PATIENCE / 4);
    assert_eq!(
        inputs(&scratch.path().join("out.ndjson")).len(),
        5,
        "rows before the slow one"
    );

    dns.release("host5.example.test. A");
    assert_eq!(batch(&dns, &scratch, &[]).run().code, Some(0));
    assert_eq!(inputs(&scratch.path().join("out.ndjson")).len(), HOSTS);
}

#[test]
fn a_killed_batch_resumes_without_torn_rows() {
    let (dns, scratch) = (dns(), Scratch::new());
    let output = scratch.path().join("out.ndjson");
    let running = start_until(&dns, &scratch, 10);
    let state = scratch.path().join("out.ndjson.state");
    let started = Instant::now();
    while !state.exists() {
        assert!(started.elapsed() < PATIENCE, "no state");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.signal("KILL");
    drop(running);

    // What a crash may leave behind the rows that are known to be complete.
    let mut text = fs::read(&output).expect("rows");
    text.extend_from_slice(br#"{"line":11,"input":"hos"#);
    fs::write(&output, text).expect("the output");
    dns.release("host10.example.test. A");
    assert_eq!(batch(&dns, &scratch, &[]).run().code, Some(0));
    assert_eq!(inputs(&output), (0..HOSTS).map(host).collect::<Vec<_>>());
}

#[test]
fn a_batch_is_not_resumed_as_another_one() {
    let (dns, scratch) = (dns(), Scratch::new());
    let running = start_until(&dns, &scratch, 20);
    running.signal("INT");
    dns.release("host20.example.test. A");
    running.finish();

    let refused = |run: Finished, why: &str| {
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert!(run.stderr.contains(why), "{}", run.stderr);
    };
    let other = "out.ndjson.state belongs to another batch (`a` as ndjson); --restart starts over";
    refused(batch(&dns, &scratch, &["--format=csv"]).run(), other);
    refused(
        batch(&dns, &scratch, &["--", "resolver=192.0.2.1"]).run(),
        other,
    );
    scratch.file("hosts.txt", hosts().replace("host3.", "host33."));
    refused(
        batch(&dns, &scratch, &[]).run(),
        "the input is not the one of the interrupted batch",
    );

    let restarted = batch(&dns, &scratch, &["--restart"]).run();
    assert_eq!(restarted.code, Some(0), "{}", restarted.stderr);
    let done = inputs(&scratch.path().join("out.ndjson"));
    assert_eq!(
        (done.len(), done[3].as_str()),
        (HOSTS, "host33.example.test")
    );
}

#[test]
fn the_exit_status_says_how_bad_the_results_are() {
    let dns = dns();
    let status =
        |line: &str, lines: &str| Netvane::line(line).dns(dns.address).stdin(lines).run().code;
    let (good, missing, wrong) = ("host1.example.test\n", "none.example.test\n", "no domain\n");
    let all = [good, missing, wrong].concat();

    assert_eq!(status("batch a", good), Some(0));
    assert_eq!(status("batch a", ""), Some(0));
    assert_eq!(status("batch a", missing), Some(0));
    assert_eq!(status("batch a", &all), Some(1));
    assert_eq!(status("batch a --fail=warning", &all), Some(3));
    assert_eq!(status("batch a --fail", missing), Some(3));
    assert_eq!(status("batch a --fail=warning", good), Some(0));
    assert_eq!(status("batch a missing.txt", ""), Some(2));
}

#[test]
fn mistakes_on_the_command_line_are_usage_errors() {
    for (line, why) in [
        ("batch", "<COMMAND>"),
        (
            "batch dgi hosts.txt",
            "unknown command `dgi`; did you mean `dig`?\n\nTry: netvane batch dig hosts.txt\n",
        ),
        (
            "batch nothing-like-it",
            "unknown command `nothing-like-it`; see `netvane help`",
        ),
        ("batch a --parallel 0", "--parallel"),
        ("batch a --format xml", "ndjson, csv, table"),
        ("batch a --skip 1 --output x", "--skip"),
        (
            "--short batch ua",
            "--short cannot be used with `batch ua`, whose lines are free text",
        ),
        (
            "batch a --markdown",
            "--markdown cannot be used with `batch`",
        ),
    ] {
        let run = Netvane::line(line).run();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{line}");
        assert!(run.stderr.contains(why), "{line}: {}", run.stderr);
    }
}
