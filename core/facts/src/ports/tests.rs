use cpu_time::ThreadTime;

use super::*;

/// Matches as `port/protocol service`, with `~` before unofficial ones.
fn of(query: &str) -> Vec<String> {
    let show = |m: &PortMatch| {
        format!(
            "{}{}/{} {}",
            if m.unofficial { "~" } else { "" },
            m.port,
            m.protocol,
            m.service
        )
    };
    lookup(query)
        .unwrap_or_else(|error| panic!("{query}: {error}"))
        .iter()
        .map(show)
        .collect()
}

#[test]
fn finds_ports_by_number_and_range() {
    assert_eq!(of("22"), ["22/tcp ssh", "22/udp ssh", "22/sctp ssh"]);
    for query in [
        "443/udp",
        "udp/443",
        "443 UDP",
        "udp 443",
        " :443/udp ",
        "port 443 udp",
    ] {
        assert_eq!(of(query), ["443/udp https"], "{query}");
    }
    assert_eq!(of("80")[0], "80/tcp http");
    assert_eq!(
        of("8443/tcp"),
        ["8443/tcp pcsync-https", "~8443/tcp https-alt"]
    );
    assert_eq!(of("25565"), ["~25565/tcp minecraft"]);
    assert_eq!(of("6010/tcp"), ["6010/tcp x11"]);
    assert!(of("8000-8010/tcp").len() > 5 && of("8000–8010").len() > 10);
    assert_eq!(of("1-65535").len(), MAX_MATCHES);
    assert!(of("65000").is_empty() && of("0").is_empty());
}

#[test]
fn finds_ports_by_word() {
    #[rustfmt::skip]
        let first = [
            ("https", "443/tcp https"), ("HTTP", "80/tcp http"), ("ssh", "22/tcp ssh"), ("domain", "53/tcp domain"),
            ("postgres", "5432/tcp postgresql"), ("rdp", "3389/tcp ms-wbt-server"), ("dns", "53/tcp domain"),
            ("remote desktop", "3389/tcp ms-wbt-server"), ("mail", "25/tcp smtp"), ("vpn", "1194/tcp openvpn"),
            ("k8s", "~6443/tcp kubernetes"), ("minecraft", "~25565/tcp minecraft"), ("wireguard", "~51820/udp wireguard"),
            ("mongo", "27017/tcp mongodb"), ("mysql", "3306/tcp mysql"), ("redis", "6379/tcp redis"), ("web", "80/tcp http"),
            ("ntp", "123/tcp ntp"), ("bgp", "179/tcp bgp"), ("prometheus", "~9090/tcp prometheus"), ("ldaps", "636/tcp ldaps"),
            ("ms_sql_s", "1433/tcp ms-sql-s"), ("kafka", "~9092/tcp kafka"), ("dhcp", "67/tcp bootps"), ("elastic", "~9200/tcp elasticsearch"),
            ("docker", "2375/tcp docker"), ("secure shell", "22/tcp ssh"), ("border gateway", "179/tcp bgp"),
        ];

    for (query, expected) in first {
        let found = of(query);
        let first = found.first().map(String::as_str);
        assert_eq!(first, Some(expected), "{query}: {found:?}");
    }

    assert_eq!(
        of("mail")[..7],
        [
            "25/tcp smtp",
            "465/tcp submissions",
            "587/tcp submission",
            "143/tcp imap",
            "993/tcp imaps",
            "110/tcp pop3",
            "995/tcp pop3s"
        ]
    );

    assert_eq!(of("https/udp")[0], "443/udp https");
    assert!(of("tcp").len() > 1 && of("xyzzyx").is_empty());
}

#[test]
fn rejects_invalid_queries() {
    assert_eq!(lookup(" "), Err(PortError::Empty));
    assert_eq!(lookup("??"), Err(PortError::Empty));
    assert_eq!(lookup("65536"), Err(PortError::OutOfRange("65536".into())));
    assert_eq!(
        lookup("99999999999999999999"),
        Err(PortError::OutOfRange("99999999999999999999".into()))
    );
    assert_eq!(lookup("-5"), Err(PortError::OutOfRange("-5".into())));
    assert_eq!(lookup("8010-8000"), Err(PortError::Backwards(8010, 8000)));
    assert_eq!(lookup("1/icmp"), Err(PortError::Protocol("icmp".into())));
    assert!(lookup(&"é-".repeat(50_000)).is_ok_and(|found| found.is_empty()));
}

#[test]
fn maps_ports_to_names_and_back() {
    assert_eq!(service_name(443, "tcp"), Some("https"));
    assert_eq!(service_name(53, "UDP"), Some("domain"));
    assert_eq!(service_name(25565, "tcp"), Some("minecraft"));
    assert_eq!(service_name(65000, "tcp"), None);
    assert_eq!(port_of("ssh"), Some(22));
    assert_eq!(port_of("Postgres"), Some(5432));
    assert_eq!(port_of("http"), Some(80));
    assert_eq!(port_of("nonsense"), None);
    assert_eq!(default_ports().len(), 20);
    assert!(
        default_ports()
            .iter()
            .all(|&port| service_name(port, "tcp").is_some())
    );
}

#[test]
fn every_line_of_the_tables_is_read() {
    let lines = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(ENTRIES.len() >= lines(include_str!("../../../../config/data/ports.tsv")));
    for entry in ENTRIES.iter() {
        assert!(
            !entry.service.is_empty() && !entry.protocols.is_empty(),
            "{entry:?}"
        );
        assert!(
            entry
                .protocols
                .bytes()
                .all(|letter| PROTOCOLS.iter().any(|(other, _)| *other == letter))
        );
    }

    for (alias, ports) in ALIASES {
        assert!(
            ports.iter().all(|&port| !between(port, port).is_empty()),
            "{alias}"
        );
        assert_eq!(normalize(alias), *alias);
    }

    let started = ThreadTime::now();
    for _ in 0..20 {
        lookup("remote").expect("a word");
    }

    assert!(
        started.elapsed().as_millis() < 2000,
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn parses_queries() {
    let range = |first, last, protocol| Ok((Query::Range(first, last), protocol));
    let words = |text: &str, protocol| Ok((Query::Words(text.to_owned()), protocol));

    for (query, expected) in [
        ("0", range(0, 0, None)),
        ("65535", range(65535, 65535, None)),
        ("80-81", range(80, 81, None)),
        ("80 - 81", range(80, 81, None)),
        ("80:81", range(80, 81, None)),
        ("80—81 tcp", range(80, 81, Some("tcp"))),
        ("ports 80", range(80, 80, None)),
        ("SCTP/80", range(80, 80, Some("sctp"))),
        ("dccp,80", range(80, 80, Some("dccp"))),
        ("tcp", words("tcp", None)),
        ("udp tcp", words("tcp", None)),
        ("Remote Desktop", words("remote desktop", None)),
        ("ms-wbt_server", words("ms wbt server", None)),
        ("http/tcp", words("http", Some("tcp"))),
        ("icmp", words("icmp", None)),
        ("80-x", words("80 x", None)),
        ("８０", words("８０", None)),
        ("", Err(PortError::Empty)),
        ("port", Err(PortError::Empty)),
        (":", Err(PortError::Empty)),
        ("80-70", Err(PortError::Backwards(80, 70))),
        ("80-70000", Err(PortError::OutOfRange("70000".into()))),
        ("-1/tcp", Err(PortError::OutOfRange("-1".into()))),
        ("80/gre", Err(PortError::Protocol("gre".into()))),
    ] {
        assert_eq!(parse(query), expected, "{query}");
    }
}

#[test]
fn errors_say_what_is_expected() {
    insta::assert_snapshot!(PortError::Empty, @"expected a port (443), a range (8000-8010) or a service name (postgres)");
    insta::assert_snapshot!(PortError::OutOfRange("70000".into()), @"port 70000 is out of range (max 65535)");
    insta::assert_snapshot!(PortError::Backwards(80, 70), @"invalid range 80-70: 70 is less than 80");
    insta::assert_snapshot!(PortError::Protocol("gre".into()), @"expected tcp, udp, sctp or dccp, got gre");
}

#[test]
fn ports_have_the_ranges_of_rfc_6335() {
    for (port, expected) in [
        (0, "reserved"),
        (1, "system port, assigned by IANA"),
        (1023, "system port, assigned by IANA"),
        (1024, "user port, assigned by IANA on request"),
        (49151, "user port, assigned by IANA on request"),
        (49152, "dynamic port, never assigned"),
        (65535, "dynamic port, never assigned"),
    ] {
        assert_eq!(port_range(port), expected, "{port}");
    }
}

#[test]
fn completes_names_shortest_first() {
    let names = starting_with("http");
    assert_eq!(names.first(), Some(&"http"));
    assert!(names.contains(&"https"));
    assert!(
        names
            .windows(2)
            .all(|two| (two[0].len(), two[0]) < (two[1].len(), two[1]))
    );
    assert!(starting_with("zzzz").is_empty() && starting_with("HTTP").is_empty());
}

#[test]
fn a_protocol_filters_the_matches() {
    for (query, protocol) in [
        ("53/udp", "udp"),
        ("53/tcp", "tcp"),
        ("domain/udp", "udp"),
        ("80/sctp", "sctp"),
    ] {
        let found = lookup(query).expect(query);
        assert!(
            !found.is_empty() && found.iter().all(|m| m.protocol == protocol),
            "{query}"
        );
    }
    assert!(lookup("25565/dccp").expect("a port").is_empty());
}

#[test]
fn between_handles_the_first_and_last_port() {
    assert!(between(65535, 0).is_empty());
    assert!(between(0, 0).iter().all(|entry| entry.port == 0));
    assert_eq!(between(0, 65535).len(), ENTRIES.len());
    assert!(
        ENTRIES
            .windows(2)
            .all(|two| (two[0].port, two[0].unofficial) <= (two[1].port, two[1].unofficial))
    );
}

#[test]
fn familiar_names_replace_those_of_the_registry() {
    for (port, protocol, name) in [
        (3389, "tcp", Some("rdp")),
        (5900, "TCP", Some("vnc")),
        (445, "tcp", Some("smb")),
        (8443, "tcp", Some("https-alt")),
        (443, "tcp", Some("https")),
        (443, "udp", Some("https")),
        (1521, "tcp", Some("oracle")),
        (6443, "tcp", Some("kubernetes")),
        (51820, "udp", Some("wireguard")),
        (1521, "udp", service_name(1521, "udp")),
        (3389, "udp", service_name(3389, "udp")),
        (0, "tcp", service_name(0, "tcp")),
    ] {
        assert_eq!(familiar_name(port, protocol), name, "{port}/{protocol}");
    }
}

#[test]
fn the_familiar_names_are_found_as_services() {
    for (port, name) in FAMILIAR {
        assert!(
            lookup(name).is_ok_and(|found| found.iter().any(|found| found.port == *port)),
            "{name}"
        );
    }
}

#[test]
fn several_numbers_are_all_looked_up() {
    let ports = |query: &str| {
        let found = lookup(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let mut ports: Vec<String> = found
            .iter()
            .map(|found| format!("{}/{}", found.port, found.protocol))
            .collect();
        ports.dedup();
        ports
    };
    for (query, expected) in [
        ("443/tcp,80/tcp", &["443/tcp", "80/tcp"][..]),
        ("25/tcp 587/tcp 25/tcp", &["25/tcp", "587/tcp"]),
        (":443/udp, 53/udp", &["443/udp", "53/udp"]),
    ] {
        assert_eq!(ports(query), expected, "{query}");
    }
    assert!(ports("443/tcp,80").contains(&"80/udp".to_owned()));
    assert!(lookup("443,70000").is_err() && lookup("443/tpc 80").is_err());
    let many = "1-1000 ".repeat(20);
    assert_eq!(lookup(&many).map(|found| found.len()), Ok(MAX_MATCHES));
}

#[test]
fn a_mistyped_protocol_is_an_error() {
    assert_eq!(
        lookup("443/tpc"),
        Err(PortError::UnknownProtocol("tpc".into()))
    );
    for query in ["443/TCP", "tcp/443", "ip/tcp", "a/b", "443/", "80/443"] {
        assert!(
            !matches!(lookup(query), Err(PortError::UnknownProtocol(_))),
            "{query}"
        );
    }
}
