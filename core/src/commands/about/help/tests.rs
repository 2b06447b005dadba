use super::*;
use crate::{
    command::Registry,
    commands::{
        registry,
        testing::{head, rows, shown},
    },
    testing::read_back::ReadBack,
};

fn one(name: &str) -> Data {
    let registry = registry();
    Data {
        commands: vec![describe(registry.find(name).expect(name))],
        single: true,
        record_type: None,
        without_slash: false,
    }
}

fn all(registry: &Registry) -> Data {
    Data {
        commands: registry
            .entries()
            .iter()
            .map(|entry| describe(entry))
            .collect(),
        single: false,
        record_type: None,
        without_slash: false,
    }
}

#[test]
fn explains_a_command_with_arguments_and_examples() {
    insta::assert_snapshot!(shown(&one("dig").present_checked()), @r#"
    # /dig <name> [type] [resolver] [dnssec] [tcp] [norecurse] [subnet] [nsid] [bufsize] [noedns] [ipv]
    · Raw DNS query in dig format
    [Argument | Required | Format | Description]
    name (exact) | yes | a DNS name, `.` for the root | The name to query; `.` is the root.
    type (exact) | no | record types such as `MX`, `HTTPS`, `TYPE65` or `A,AAAA` | Record types by name or number, such as `MX`, `TYPE65` or `A,AAAA`; default `A`.
    resolver (exact) | no | a DNS server: host, host:port, udp://…, tcp://…, tls://…, https://… or quic://… | DNS server to query instead of the configured ones.
    dnssec (exact) | no | flag | Request DNSSEC signatures and validate them.
    tcp (exact) | no | flag | Query over TCP instead of UDP.
    norecurse (exact) | no | flag | Query without recursion (RD=0).
    subnet (exact) | no | a network such as 192.0.2.0/24, or 0 | EDNS Client Subnet: the network to get the answer for (RFC 7871).
    nsid (exact) | no | flag | Ask for the server's identifier, NSID (RFC 5001).
    bufsize (exact) | no | 512–4096 | Announced UDP payload size in bytes; default 1232.
    noedns (exact) | no | flag | Query without EDNS (RFC 6891).
    ipv (exact) | no | 4, 6 | Query the server only over IPv4 or only over IPv6.
    ## Examples
    ```
    /dig example.com MX
    /dig example.com A AAAA
    /dig . NS
    /dig example.com TYPE65 dnssec
    /dig example.com SOA resolver=9.9.9.9 tcp norecurse
    /dig example.com subnet=192.0.2.0/24 nsid
    ```
    "#);
}

#[test]
fn shows_bounds_of_numbers_and_choices() {
    assert_eq!(
        rows(&one("ping").present_checked()),
        [
            "target (exact) | yes | an address or a domain name | An IP address or a host name.",
            "count (exact) | no | 1–20; in a terminal also 0 | Number of requests; default 4; 0 in a terminal: until Ctrl-C.",
            "ipv (exact) | no | 4, 6 | Use only IPv4 or only IPv6.",
            "protocol (exact) | no | icmp, tcp | ICMP echo or TCP connections; default ICMP where the system permits it.",
            "port (exact) | no | 1–65535 | Port of TCP connections; default 443, then 80."
        ]
    );
}

#[test]
fn a_command_without_arguments_has_no_table() {
    let document = one("status").present_checked();
    assert!(rows(&document).is_empty());
    assert_eq!(document.title, "/status");
}

#[test]
fn lists_all_commands_by_group() {
    let registry = registry();
    let document = all(&registry).present_checked();
    let number = registry.entries().len();

    assert_eq!(
        head(&document),
        (
            &*format!("{number} commands. `help mx` shows details."),
            Severity::Neutral
        )
    );

    assert_eq!(rows(&document).len(), number);
    let headings: Vec<_> = document
        .blocks
        .iter()
        .filter_map(|block| match block {
            netvane_document::Block::Heading { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();

    assert_eq!(
        headings,
        [
            "DNS and registration",
            "Reachability",
            "Email",
            "Your request",
            "About Netvane"
        ]
    );
}

#[test]
fn a_terminal_s_help_has_no_slashes() {
    let help = Data {
        without_slash: true,
        ..one("mx")
    };
    let shown = shown(&help.present_checked());
    assert!(shown.starts_with("# mx <domain> [resolver]"), "{shown}");
    assert!(!shown.contains("/mx"), "{shown}");
}

#[test]
fn a_list_of_one_is_still_a_list() {
    let list = Data {
        single: false,
        ..one("mx")
    };
    assert_eq!(list.present_checked().title, "Commands");
    assert_eq!(
        rows(&list.present_checked()),
        ["/mx <domain> [resolver] (exact) | Mail servers of a domain, with their addresses"]
    );
}

#[test]
fn names_the_format_of_arguments() {
    let argument =
        |kind, form: Option<&str>, choices: &[&str], bounds: Option<(i64, i64)>| Argument {
            name: "x".into(),
            help: String::new(),
            kind,
            required: false,
            rest: false,
            verbatim: false,
            message: false,
            form: form.map(str::to_owned),
            completes: None,
            minimum: bounds.map(|(low, _)| low),
            maximum: bounds.map(|(_, high)| high),
            or_endless: false,
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        };

    for (argument, words) in [
        (
            argument(ArgumentKind::Boolean, Some("x"), &[], None),
            "flag",
        ),
        (
            argument(ArgumentKind::Integer, None, &[], Some((1, 9))),
            "1–9",
        ),
        (
            argument(ArgumentKind::Integer, None, &[], None),
            "an integer",
        ),
        (
            argument(ArgumentKind::String, Some("x"), &["a", "b"], None),
            "a, b",
        ),
        (
            argument(ArgumentKind::String, Some("a domain"), &[], None),
            "a domain",
        ),
        (argument(ArgumentKind::String, None, &[], None), "text"),
    ] {
        assert_eq!(format_of(&argument), words);
    }
}

#[test]
fn a_record_type_is_explained_as_short_for_dig() {
    let registry = registry();
    for (name, rtype) in [
        ("ds", Some("DS")),
        ("TLSA", Some("TLSA")),
        ("mx", None),
        ("dig", None),
        ("nslookup", None),
        ("nothing-like-it", None),
    ] {
        assert_eq!(record_type_named(&registry, name).as_deref(), rtype);
    }

    let ds = Data {
        record_type: Some("DS".into()),
        ..one("dig")
    };
    assert_eq!(
        head(&ds.present_checked()).0,
        "`/ds NAME` is short for `/dig NAME DS`. Raw DNS query in dig format"
    );
}
