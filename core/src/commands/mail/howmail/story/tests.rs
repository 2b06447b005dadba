use super::{
    super::{
        path::tests::{answering, exchange, untold},
        receiver::Exchange,
        services::tests::services,
    },
    *,
};
use crate::{
    commands::testing::{field, head, rows},
    mailbox_check::provider::Provider,
};

mod records;

fn with(exchanges: Vec<Exchange>) -> Data {
    let mut data = untold();
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
    document
}

#[test]
fn the_summary_counts_who_answers_and_how() {
    for (exchanges, summary) in [
        (
            vec![answering("a.test", true)],
            "to.test takes mail: the mail server answers, with encryption",
        ),
        (
            vec![answering("a.test", false)],
            "to.test takes mail: the mail server answers, without encryption",
        ),
        (
            vec![answering("a.test", true), answering("b.test", true)],
            "to.test takes mail: all 2 mail servers asked answer, with encryption",
        ),
        (
            vec![answering("a.test", true), answering("b.test", false)],
            "to.test takes mail: all 2 mail servers asked answer, not all of them with encryption",
        ),
        (
            vec![answering("a.test", true), refused("b.test")],
            "to.test takes mail: 1 of 2 mail servers asked answer, with encryption",
        ),
        (
            vec![answering("a.test", true), exchange("unasked.test")],
            "to.test takes mail: the mail server answers, with encryption",
        ),
    ] {
        let data = with(exchanges);
        assert_eq!(data.summary(), (summary.to_owned(), Severity::Good));
    }
}

#[test]
fn silence_is_told_by_its_reason() {
    let told = |change: fn(&mut Data)| {
        let mut data = with(vec![refused("a.test")]);
        change(&mut data);
        data.summary()
    };

    for (told, why) in [
        (told(|_| {}), "do not answer us just now"),
        (
            told(|data| data.receiver.port_blocked = true),
            "could only be looked up: port 25 is blocked from here",
        ),
        (
            told(|data| data.receiver.unasked = Some("x".into())),
            "have been asked often enough for now",
        ),
        (
            told(|data| data.receiver.mx = None),
            "could not be looked up just now",
        ),
        (
            told(|data| data.receiver.mx = Some(Outcome::Servfail)),
            "could not be looked up just now",
        ),
    ] {
        let summary = format!("The story is the same, but the mail servers of to.test {why}");
        assert_eq!(told, (summary, Severity::Warning));
    }
}

#[test]
fn dead_ends_are_certain() {
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
            Some("to.test takes no mail (null MX)"),
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
            Some("to.test's mail servers are out of reach"),
        ),
        (
            told(|data| data.receiver.exchanges[0].addresses.clear()),
            Some("no mail server of to.test has an address"),
        ),
        (
            told(|data| {
                data.receiver.exchanges[0].addresses.clear();
                data.finished = false;
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
fn mail_that_comes_back_is_bad_unless_it_is_wished_for() {
    let mut data = with(vec![]);
    data.receiver.mx = Some(Outcome::Nxdomain);
    assert_eq!(data.summary().1, Severity::Bad);
    data.receiver.mx = Some(Outcome::Answer);
    data.receiver.null_mx = true;
    assert_eq!(
        data.summary(),
        (
            "This mail would come back: to.test takes no mail (null MX)".into(),
            Severity::Neutral
        )
    );
}

#[test]
fn an_unfinished_story_asks() {
    let mut data = with(vec![]);
    data.finished = false;
    assert_eq!(
        head(&tell(&data)),
        (
            "Asking the servers of from.test and to.test",
            Severity::Neutral
        )
    );
    assert_eq!(data.missing(), "being looked up");
    data.finished = true;
    assert_eq!(data.missing(), "could not be found out in time");
}

#[test]
fn many_exchanges_and_addresses_are_cut() {
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
fn faults_of_the_mx_records_are_warnings() {
    let mut data = with(vec![exchange("a.test")]);
    data.receiver.faults = (0..12).map(|at| format!("fault {at}")).collect();
    data.receiver.implicit = true;
    data.receiver.exchanges[0].inward = true;
    let warnings = part(way::directory, &data).warnings;
    assert_eq!(warnings.len(), 12, "ten faults and two of our own");
    assert_eq!(
        warnings[0],
        "to.test has no MX record; mail goes to its own address (RFC 5321 §5.1)"
    );
    assert_eq!(
        warnings[11],
        "to.test names a.test as its mail server, which leads to 192.0.2.1: nobody outside can reach that, \
         so the domain is broken, and it was not connected to"
    );
}

#[test]
fn each_server_is_warned_of_by_what_is_wrong() {
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
            "b.test offers no STARTTLS: mail to it can be read on the way",
            "c.test is not reached from here: connection refused",
            "d.test: TLS failed"
        ]
    );

    let mut blocked = with(vec![refused("c.test")]);
    blocked.receiver.port_blocked = true;
    assert!(part(way::hop, &blocked).warnings.is_empty());
}

#[test]
fn extensions_are_explained_where_somebody_announces_them() {
    let data = with(vec![answering("a.test", true)]);
    assert_eq!(
        rows(&part(way::hop, &data)),
        [
            "STARTTLS (exact) | can encrypt the rest of the talk (RFC 3207)",
            "SIZE (exact) | the largest message it takes, in bytes (RFC 1870)",
            "PIPELINING (exact) | several commands may travel together (RFC 2920)"
        ]
    );
    assert!(rows(&part(way::hop, &with(vec![refused("a.test")]))).is_empty());
}

#[test]
fn servers_for_programs_are_warned_of_where_the_domain_names_them() {
    let mut found = services(&["imaps", "pop3s", "imap", "jmap"]);
    found.found[0].state = Some("open");
    found.found[1].state = Some("filtered");
    found.found[2].fault = Some("not contacted".into());
    let mut data = untold();
    data.access = Some(found);
    let document = tell(&data);

    assert_eq!(
        rows(&document)[..4],
        [
            "IMAP, TLS | imaps.test (domain) | 993 | open (good) | SRV record (aside)",
            "POP3, TLS | pop3s.test (domain) | 995 | filtered (warning) | SRV record (aside)",
            "IMAP, STARTTLS | imap.test (domain) | 143 | not reachable (bad) | SRV record (aside)",
            "JMAP, TLS | jmap.test (domain) | 443 | being checked (aside) | SRV record (aside)"
        ]
    );

    assert_eq!(
        document.warnings,
        [
            "to.test names pop3s.test:995 for its mail programs, but the port is filtered from here",
            "to.test names imap.test:143 for its mail programs: not contacted"
        ]
    );
}

#[test]
fn providers_are_guesses() {
    for (role, told) in [
        (provider::Role::Mailboxes, "Probably kept by X"),
        (
            provider::Role::Gateway,
            "X filters; the store behind it is not visible",
        ),
        (
            provider::Role::Forwarder,
            "X hands it on; where to is not visible",
        ),
        (provider::Role::Own, "Taken in under to.test's own name"),
        (provider::Role::Unknown, "Taken in by X"),
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
            field(&document, "Told from"),
            Some("its name; a guess, not a fact")
        );
    }
}

#[test]
fn long_records_are_cut_at_a_character() {
    let fits = "é".repeat(240);
    assert_eq!(facts::shown(&fits), Cell::exact(&fits));
    assert_eq!(
        facts::shown(&format!("{fits}x")),
        Cell::exact(format!("{fits}…"))
    );
}

#[test]
fn times_are_rough() {
    for (seconds, told) in [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (172_800, "2 days"),
        (31_557_600, "365 days"),
    ] {
        assert_eq!(facts::roughly(seconds), told);
    }
}
