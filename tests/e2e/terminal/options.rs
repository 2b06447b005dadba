//! Exit status, options, colour, and an output or a lookup that ends early.

use std::process::Command;

use netvane_tests::{Dns, Hostile, Netvane};

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
