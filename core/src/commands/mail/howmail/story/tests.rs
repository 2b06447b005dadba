use super::{
    super::{
        path::tests::{answering, empty_data, exchange},
        receiver::Exchange,
        services::tests::services,
    },
    *,
};
use crate::{
    commands::testing::{field, head, rows},
    mailbox_check::provider::Provider,
    testing::read_back::ReadBack,
};

mod records;

fn with(exchanges: Vec<Exchange>) -> Data {
    let mut data = empty_data();
    data.receiver.mx = Some(Outcome::Answer);
    data.receiver.exchanges = exchanges;
    data
}

fn refused(name: &str) -> Exchange {
    Exchange {
        unreachable: Some("connection refused".into()),
        ..exchange(name)
    }
}

fn part(add: impl Fn(&Data, &mut Document), data: &Data) -> Document {
    let mut document = Document::default();
    add(data, &mut document);
    data.present_checked();
    document
}

#[test]
fn the_summary_counts_responding_servers_and_tls() {
    for (exchanges, summary) in [
        (
            vec![answering("a.test", true)],
            "to.test accepts mail: the mail server responds, with TLS",
        ),
        (
            vec![answering("a.test", false)],
            "to.test accepts mail: the mail server responds, without TLS",
        ),
        (
            vec![answering("a.test", true), answering("b.test", true)],
            "to.test accepts mail: all 2 contacted mail servers respond, with TLS",
        ),
        (
            vec![answering("a.test", true), answering("b.test", false)],
            "to.test accepts mail: all 2 contacted mail servers respond, some without TLS",
        ),
        (
            vec![answering("a.test", true), refused("b.test")],
            "to.test accepts mail: 1 of 2 contacted mail servers respond, with TLS",
        ),
        (
            vec![answering("a.test", true), exchange("unasked.test")],
            "to.test accepts mail: the mail server responds, with TLS",
        ),
    ] {
        let data = with(exchanges);
        assert_eq!(data.summary(), (summary.to_owned(), Severity::Good));
    }
}

#[test]
fn the_summary_says_why_no_server_responds() {
    let told = |change: fn(&mut Data)| {
        let mut data = with(vec![refused("a.test")]);
        change(&mut data);
        data.summary()
    };

    for (told, why) in [
        (told(|_| {}), "do not respond"),
        (
            told(|data| data.receiver.port_blocked = true),
            "could not be contacted: port 25 is blocked from here",
        ),
        (
            told(|data| data.receiver.unasked = Some("x".into())),
            "were not contacted: hourly limit for this domain reached",
        ),
        (
            told(|data| {
                data.receiver.exchanges[0].addresses.clear();
                data.receiver.exchanges[0].unresolved = true;
            }),
            "could not be resolved; this can be temporary",
        ),
        (
            told(|data| data.receiver.mx = None),
            "could not be looked up",
        ),
        (
            told(|data| data.receiver.mx = Some(Outcome::Servfail)),
            "could not be looked up",
        ),
    ] {
        let summary = format!("The mail servers of to.test {why}");
        assert_eq!(told, (summary, Severity::Warning));
    }
}

#[test]
fn only_certain_failures_are_dead_ends() {
    let told = |change: fn(&mut Data)| {
        let mut data = with(vec![exchange("a.test")]);
        change(&mut data);
        data.dead_end()
    };

    for (told, reason) in [
        (told(|_| {}), None),
        (
            told(|data| data.receiver.mx = Some(Outcome::Nxdomain)),
            Some("to.test does not exist"),
        ),
        (
            told(|data| data.receiver.null_mx = true),
            Some("to.test does not accept mail (null MX)"),
        ),
        (
            told(|data| {
                data.receiver.mx = Some(Outcome::NoData);
                data.receiver.exchanges.clear();
            }),
            Some("to.test has no mail server"),
        ),
        (
            told(|data| data.receiver.exchanges[0].inward = true),
            Some("to.test's mail servers have no public address"),
        ),
        (
            told(|data| data.receiver.exchanges[0].addresses.clear()),
            Some("no mail server of to.test has an address"),
        ),
        (
            told(|data| {
                data.receiver.exchanges[0].addresses.clear();
                data.receiver.exchanges[0].unresolved = true;
            }),
            None,
        ),
        (
            told(|data| {
                data.receiver.exchanges[0].addresses.clear();
                data.in_progress = true;
            }),
            None,
        ),
        (told(|data| data.receiver.mx = None), None),
        (
            told(|data| data.receiver.mx = Some(Outcome::Servfail)),
            None,
        ),
    ] {
        assert_eq!(told.as_deref(), reason);
    }
}

#[test]
fn bounces_are_bad_except_for_null_mx() {
    let mut data = with(vec![]);
    data.receiver.mx = Some(Outcome::Nxdomain);
    assert_eq!(data.summary().1, Severity::Bad);
    data.receiver.mx = Some(Outcome::Answer);
    data.receiver.null_mx = true;
    assert_eq!(
        data.summary(),
        (
            "This mail would bounce: to.test does not accept mail (null MX)".into(),
            Severity::Neutral
        )
    );
}

#[test]
fn an_unfinished_explanation_is_neutral() {
    let mut data = with(vec![]);
    data.in_progress = true;
    assert_eq!(
        head(&render(&data)),
        (
            "Querying the servers of from.test and to.test",
            Severity::Neutral
        )
    );
    assert_eq!(data.missing(), "lookup in progress");
    data.in_progress = false;
    assert_eq!(data.missing(), "lookup failed or timed out");
}

#[test]
fn long_lists_of_servers_and_addresses_are_truncated() {
    let many: Vec<_> = (0..12)
        .map(|at| exchange(&format!("mx{at}.test")))
        .collect();
    let mut data = with(many);
    data.receiver.exchanges[0].addresses = (1..=4)
        .map(|at| std::net::IpAddr::from([192, 0, 2, at]))
        .collect();
    data.receiver.exchanges[1].addresses.clear();
    let document = part(way::directory, &data);
    let rows = rows(&document);
    assert_eq!(rows.len(), 10);
    assert_eq!(
        rows[..2],
        [
            "10 | mx0.test (domain) | 192.0.2.1 / 192.0.2.2 / and 2 more (address)",
            "10 | mx1.test (domain) | none (bad)"
        ]
    );
    assert!(document.blocks.contains(&Block::Text {
        text: "And 2 more.".into()
    }));
}

#[test]
fn mx_errors_are_warnings() {
    let mut data = with(vec![exchange("a.test")]);
    data.receiver.faults = (0..12).map(|at| format!("fault {at}")).collect();
    data.receiver.implicit = true;
    data.receiver.exchanges[0].inward = true;
    let warnings = part(way::directory, &data).warnings;
    assert_eq!(warnings.len(), 12, "ten faults and two of our own");
    assert_eq!(
        warnings[0],
        "to.test has no MX record; senders use its A or AAAA record (RFC 5321 §5.1)"
    );
    assert_eq!(
        warnings[11],
        "to.test names a.test as its mail server, which resolves to 192.0.2.1: not reachable from the internet, \
         not contacted. Fix the MX or its addresses"
    );
}

#[test]
fn each_failing_server_has_a_warning() {
    let mut failed = answering("d.test", false);
    failed.welcome.fault = Some("TLS failed".into());
    let data = with(vec![
        answering("a.test", true),
        answering("b.test", false),
        refused("c.test"),
        failed,
    ]);
    assert_eq!(
        part(way::hop, &data).warnings,
        [
            "b.test does not offer STARTTLS: mail to it travels unencrypted",
            "Could not connect to c.test: connection refused",
            "d.test: TLS failed"
        ]
    );

    let mut blocked = with(vec![refused("c.test")]);
    blocked.receiver.port_blocked = true;
    assert!(part(way::hop, &blocked).warnings.is_empty());
}

#[test]
fn announced_extensions_are_explained() {
    let data = with(vec![answering("a.test", true)]);
    assert_eq!(
        rows(&part(way::hop, &data)),
        [
            "STARTTLS (exact) | supports TLS (RFC 3207)",
            "SIZE (exact) | maximum message size in bytes (RFC 1870)",
            "PIPELINING (exact) | command pipelining (RFC 2920)"
        ]
    );
    assert!(rows(&part(way::hop, &with(vec![refused("a.test")]))).is_empty());
}

#[test]
fn unusable_servers_from_srv_records_are_warnings() {
    let mut found = services(&["imaps", "pop3s", "imap", "jmap"]);
    found.found[0].state = Some(netvane_net::tcp::PortState::Open);
    found.found[1].state = Some(netvane_net::tcp::PortState::Filtered);
    found.found[2].fault = Some("not contacted".into());
    let mut data = empty_data();
    data.access = Some(found);
    let document = render(&data);

    assert_eq!(
        rows(&document)[..4],
        [
            "IMAP, TLS | imaps.test (domain) | 993 | open (good) | SRV record (aside)",
            "POP3, TLS | pop3s.test (domain) | 995 | filtered (warning) | SRV record (aside)",
            "IMAP, STARTTLS | imap.test (domain) | 143 | not reachable (bad) | SRV record (aside)",
            "JMAP, TLS | jmap.test (domain) | 443 | check in progress (aside) | SRV record (aside)"
        ]
    );

    assert_eq!(
        document.warnings,
        [
            "to.test publishes pop3s.test:995 for mail programs, but the port is filtered from here",
            "to.test publishes imap.test:143 for mail programs: not contacted"
        ]
    );
}

#[test]
fn providers_are_marked_as_inferred() {
    for (role, told) in [
        (provider::Role::Mailboxes, "Probably hosted by X"),
        (
            provider::Role::Gateway,
            "X filters the mail; the mail store behind it is not visible",
        ),
        (
            provider::Role::Forwarder,
            "X forwards the mail; the destination is not visible",
        ),
        (provider::Role::Own, "Received by the servers of to.test"),
        (provider::Role::Unknown, "Received by X"),
    ] {
        let mut data = with(vec![exchange("mx.test")]);
        data.receiver.provider = Some(Provider {
            name: "X".into(),
            role,
            evidence: "its name".into(),
        });
        let document = part(Data::store, &data);
        assert_eq!(field(&document, "Store"), Some(told));
        assert_eq!(
            field(&document, "Evidence"),
            Some("its name (inferred, not verified)")
        );
    }
}

#[test]
fn long_records_are_truncated_at_a_character() {
    let fits = "é".repeat(240);
    assert_eq!(facts::record_cell(&fits), Cell::exact(&fits));
    assert_eq!(
        facts::record_cell(&format!("{fits}x")),
        Cell::exact(format!("{fits}…"))
    );
}
