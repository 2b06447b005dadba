use super::*;
use crate::{
    command::Registry,
    commands::{
        registry,
        testing::{head, rows, shown},
    },
};

fn one(name: &str) -> Data {
    let registry = registry();
    Data {
        commands: vec![about(registry.find(name).expect(name))],
        one: true,
    }
}

fn all(registry: &Registry) -> Data {
    Data {
        commands: registry
            .entries()
            .iter()
            .map(|entry| about(entry))
            .collect(),
        one: false,
    }
}

#[test]
fn a_command_is_explained_with_its_arguments_and_examples() {
    insta::assert_snapshot!(shown(&one("dig").present()), @r#"
    # /dig <name> [type] [resolver] [dnssec] [tcp] [norecurse]
    · One exact DNS query, shown as the wire said it
    [Argument | Needed | Form | Meaning]
    name (exact) | yes | a DNS name, `.` for the root | The name to ask for; `.` is the root.
    type (exact) | no | a record type such as `MX`, `HTTPS` or `TYPE65` | Record type by name or number, such as `MX` or `TYPE65`; `A` if not given.
    resolver (exact) | no | a DNS server: host, host:port, tls://…, https://… or quic://… | DNS server to ask instead of the configured ones.
    dnssec (exact) | no | a switch | Ask for signatures and validate them.
    tcp (exact) | no | a switch | Ask over TCP from the start.
    norecurse (exact) | no | a switch | Ask the server only for what it knows itself.
    ## Examples
    ```
    /dig example.com MX
    /dig . NS
    /dig example.com TYPE65 dnssec
    /dig example.com SOA resolver=9.9.9.9 tcp norecurse
    ```
    "#);
}

#[test]
fn numbers_and_choices_are_told_by_their_bounds() {
    assert_eq!(
        rows(&one("ping").present()),
        [
            "target (exact) | yes | an address or a domain name | An address or a host name.",
            "count (exact) | no | 1 to 20 | How many requests to send; 4 if not given.",
            "ipv (exact) | no | 4, 6 | Only over IPv4 or only over IPv6."
        ]
    );
}

#[test]
fn a_command_without_arguments_has_no_table() {
    let document = one("status").present();
    assert!(rows(&document).is_empty());
    assert_eq!(document.title, "/status");
}

#[test]
fn all_commands_stand_under_their_groups() {
    let registry = registry();
    let document = all(&registry).present();
    let number = registry.entries().len();

    assert_eq!(
        head(&document),
        (
            &*format!("{number} commands; `help mx` explains one"),
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
            "E-mail",
            "Your request",
            "About Netvane"
        ]
    );
}

#[test]
fn a_list_of_one_is_still_a_list() {
    let list = Data {
        one: false,
        ..one("mx")
    };
    assert_eq!(list.present().title, "What Netvane answers");
    assert_eq!(
        rows(&list.present()),
        ["/mx <domain> [resolver] (exact) | Mail servers of a domain, with their addresses"]
    );
}

#[test]
fn forms_are_words() {
    let argument =
        |kind, form: Option<&str>, choices: &[&str], bounds: Option<(i64, i64)>| Argument {
            name: "x".into(),
            help: String::new(),
            kind,
            required: false,
            rest: false,
            message: false,
            form: form.map(str::to_owned),
            completes: None,
            minimum: bounds.map(|(low, _)| low),
            maximum: bounds.map(|(_, high)| high),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        };

    for (argument, words) in [
        (
            argument(ArgumentKind::Boolean, Some("x"), &[], None),
            "a switch",
        ),
        (
            argument(ArgumentKind::Integer, None, &[], Some((1, 9))),
            "1 to 9",
        ),
        (
            argument(ArgumentKind::Integer, None, &[], None),
            "a whole number",
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
        assert_eq!(form(&argument), words);
    }
}
