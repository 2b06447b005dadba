use super::{super::services::tests::services, *};
use crate::{
    commands::dns::lookup::Outcome, mailbox_check::provider::Provider, testing::read_back::ReadBack,
};
use netvane_net::smtp::TlsFacts;

/// Data of which no lookup has finished.
pub(crate) fn empty_data() -> Data {
    Data {
        from: "ada@from.test".into(),
        to: "bob@to.test".into(),
        example: false,
        sender: super::super::Sender {
            domain: "from.test".into(),
            ..Default::default()
        },
        receiver: super::super::Receiver {
            domain: "to.test".into(),
            ..Default::default()
        },
        access: None,
        path: Vec::new(),
        in_progress: false,
    }
}

pub(crate) fn exchange(name: &str) -> Exchange {
    Exchange {
        preference: 10,
        exchange: name.into(),
        addresses: vec!["192.0.2.1".parse().expect("an address")],
        address: None,
        welcome: EhloInfo::default(),
        unreachable: None,
        inward: false,
        unresolved: false,
        dane: None,
    }
}

/// A mail server that answered EHLO, with or without TLS.
pub(crate) fn answering(name: &str, encrypted: bool) -> Exchange {
    Exchange {
        welcome: EhloInfo {
            greeting: Some("220 hello".into()),
            extensions: vec!["SIZE 1000".into(), "pipelining".into()],
            starttls: Some(encrypted),
            tls: encrypted.then(|| TlsFacts {
                version: "TLS 1.3".into(),
                cipher: "TLS13_AES_256_GCM_SHA384".into(),
                trusted: Some(true),
                fault: None,
            }),
            hello: None,
            fault: None,
        },
        ..exchange(name)
    }
}

fn told(data: &Data) -> Vec<String> {
    let path = stations(data);
    let with_path = Data {
        path: path.clone(),
        ..data.clone()
    };
    with_path.present_checked();

    path.into_iter()
        .map(|station| format!("{}: {} <{}>", station.title, station.name, station.via))
        .collect()
}

#[test]
fn without_lookups_the_path_has_default_stations() {
    assert_eq!(
        told(&empty_data()),
        [
            "The sender's mail program: ada@from.test <>",
            "The sender's mail server: from.test <SMTP submission, port 465 or 587, TLS>",
            "The recipient's mail server: to.test <SMTP, port 25>",
            "The mailbox: to.test <filtering, then local delivery, often LMTP>",
            "The recipient's mail program: bob@to.test <IMAP, port 993, or POP3, port 995, TLS>",
        ]
    );
}

#[test]
fn discovered_servers_replace_the_defaults() {
    let mut data = empty_data();
    data.sender.submission = Some(services(&["submission"]));
    data.access = Some(services(&["pop3"]));
    data.receiver.exchanges = vec![exchange("mx1.to.test"), answering("mx2.to.test", true)];
    let told = told(&data);
    assert_eq!(
        told[1..],
        [
            "The sender's mail server: submission.test <SMTP submission, port 587, STARTTLS>",
            "The recipient's mail server: mx2.to.test <SMTP, port 25, TLS 1.3>",
            "The mailbox: to.test <filtering, then local delivery, often LMTP>",
            "The recipient's mail program: bob@to.test <POP3, port 110, STLS>",
        ]
    );
}

#[test]
fn the_smtp_hop_shows_its_encryption() {
    let unreachable = Exchange {
        unreachable: Some("connection refused".into()),
        ..exchange("mx.to.test")
    };
    for (exchange, via) in [
        (None, "SMTP, port 25"),
        (Some(exchange("mx.to.test")), "SMTP, port 25"),
        (
            Some(answering("mx.to.test", true)),
            "SMTP, port 25, TLS 1.3",
        ),
        (
            Some(answering("mx.to.test", false)),
            "SMTP, port 25, not encrypted",
        ),
        (Some(unreachable), "SMTP, port 25; could not connect"),
    ] {
        assert_eq!(hop(exchange.as_ref()), via);
    }
}

#[test]
fn only_mailbox_hosts_are_named_at_the_mailbox() {
    for (role, name) in [
        (Role::Mailboxes, "Example Mail"),
        (Role::Gateway, "to.test"),
        (Role::Forwarder, "to.test"),
        (Role::Own, "to.test"),
        (Role::Unknown, "to.test"),
    ] {
        let mut data = empty_data();
        data.receiver.provider = Some(Provider {
            name: "Example Mail".into(),
            role,
            evidence: String::new(),
        });
        assert_eq!(stations(&data)[3].name, name, "{role:?}");
    }
}

#[test]
fn a_dead_end_is_the_last_station() {
    let mut data = empty_data();
    data.receiver.mx = Some(Outcome::Nxdomain);
    assert_eq!(
        told(&data)[2..],
        ["Undeliverable: to.test does not exist <DNS MX lookup>"]
    );
}

#[test]
fn stations_have_the_severity_of_what_was_checked() {
    let severity = |exchange: Exchange, port_blocked: bool| {
        let mut data = empty_data();
        data.receiver.exchanges = vec![exchange];
        data.receiver.port_blocked = port_blocked;
        stations(&data)[2].severity
    };
    let unreachable = || Exchange {
        unreachable: Some("timed out".into()),
        ..exchange("mx.to.test")
    };
    assert_eq!(
        severity(answering("mx.to.test", true), false),
        Severity::Good
    );
    assert_eq!(
        severity(answering("mx.to.test", false), false),
        Severity::Warning
    );
    assert_eq!(severity(unreachable(), false), Severity::Warning);
    assert_eq!(severity(unreachable(), true), Severity::Neutral);
    assert_eq!(severity(exchange("mx.to.test"), false), Severity::Neutral);

    let mut data = empty_data();
    data.receiver.mx = Some(Outcome::Nxdomain);
    let path = stations(&data);
    assert_eq!(path.last().map(|it| it.severity), Some(Severity::Bad));
}
