//! The program's own documentation: help, the registry, completions.

use std::process::Command;

use netvane_tests::Netvane;
use serde_json::{Value, json};

#[test]
fn help_lists_all_commands_and_explains_one() {
    let commands = Netvane::line("commands --json").run().stdout;
    let commands: Value = serde_json::from_str(&commands).expect("JSON");
    let run = Netvane::line("commands").run();
    let names: Vec<&str> = commands["commands"]
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();

    for name in &names {
        assert!(run.text().contains(&format!("\n{name}")), "{name}");
    }

    let overview = Netvane::line("help").run();
    for name in &names {
        assert!(
            overview.text().contains(&format!("netvane {name}")),
            "{name}"
        );
    }
    for action in [
        "serve",
        "config",
        "data",
        "state",
        "key",
        "completions",
        "man",
    ] {
        assert!(
            overview.text().contains(&format!("netvane {action}")),
            "{action}"
        );
        let about_action = Netvane::line(&format!("help {action}")).run();
        assert!(
            about_action.text().contains(&format!("netvane {action}")),
            "{action}"
        );
    }
    assert_eq!(Netvane::line("--help").run().text(), overview.text());
    let about_mx = Netvane::line("help mx").run();

    insta::assert_snapshot!(about_mx.text(), @r"
    mx <domain> [resolver]
    · Mail servers of a domain, with their addresses

    Argument  Required  Format                                                                           Description
    domain    yes       a domain name                                                                    The domain to look up.
    resolver  no        a DNS server: host, host:port, udp://…, tcp://…, tls://…, https://… or quic://…  DNS server to query instead of the configured ones.

    Examples
      mx example.com
      mx example.com resolver=tls://1.1.1.1
    ");

    for line in ["mx --help", "mx -h", "help /mx", "/help MX"] {
        assert_eq!(Netvane::line(line).run().text(), about_mx.text(), "{line}");
    }

    let unknown = Netvane::line("help mxx").run();
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown
            .stderr
            .contains("did you mean `mx`?\n\n  help mxx\n       ^^^\n\nTry: netvane help mx\n"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn lists_the_registry_as_json() {
    let run = Netvane::line("commands --json").run();
    let listed: Value = serde_json::from_str(run.text()).expect("JSON");
    let listed = listed["commands"].as_array().expect("an array");
    let find = |name: &str| {
        listed
            .iter()
            .find(|command| command["name"] == name)
            .unwrap_or_else(|| panic!("{name}"))
    };

    for name in [
        "a", "aaaa", "mx", "ns", "soa", "txt", "cname", "srv", "caa", "dns", "dig", "ptr",
        "reverse", "help",
    ] {
        let command = find(name);
        assert!(
            command["examples"][0]
                .as_str()
                .is_some_and(|line| line.starts_with(name)),
            "{name}"
        );
        for argument in command["arguments"].as_array().expect("an array") {
            for member in ["name", "type", "help", "required"] {
                assert!(!argument[member].is_null(), "{name}: {argument}");
            }
        }
    }

    assert_eq!(find("dns")["aliases"], json!(["lookup"]));
    assert_eq!(find("help")["aliases"], json!(["start"]));
    let arguments: Vec<_> = find("dig")["arguments"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|a| {
            (
                a["name"].as_str().expect("a name"),
                a["type"].as_str().expect("a type"),
                a["required"] == true,
            )
        })
        .collect();

    assert_eq!(
        arguments,
        [
            ("name", "string", true),
            ("type", "string", false),
            ("resolver", "string", false),
            ("dnssec", "boolean", false),
            ("tcp", "boolean", false),
            ("norecurse", "boolean", false),
            ("subnet", "string", false),
            ("nsid", "boolean", false),
            ("bufsize", "integer", false),
            ("noedns", "boolean", false),
            ("ipv", "string", false)
        ]
    );
}

#[test]
fn completions_include_every_command() {
    for (shell, marker) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef netvane"),
        ("fish", "complete -c netvane"),
    ] {
        let script = Netvane::new(["completions", shell]).run();
        assert!(script.text().contains(marker), "{shell}");
        for name in ["mx", "reverse", "dig", "resolver", "serve", "config"] {
            assert!(script.text().contains(name), "{shell}: {name}");
        }
    }
    // A shell must be able to parse it; bash is available everywhere.
    let script = Netvane::line("completions bash").run();
    let checked = Netvane::from_command(Command::new("bash"), ["-n"])
        .stdin(script.stdout)
        .run();
    assert_eq!(checked.text(), "");
}
