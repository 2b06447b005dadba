use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

fn endpoint(text: &str) -> Endpoint {
    text.parse().expect(text)
}

#[test]
fn follows_referrals_to_whois_and_rwhois_servers() {
    let to = |text: &str| referral(text).map(|endpoint| endpoint.to_string());
    for (text, expected) in [
        ("refer: whois.example.net\n", Some("whois.example.net")),
        ("refer: whois.example.net:43\n", Some("whois.example.net")),
        (
            "refer: whois.example.net:4343\n",
            Some("whois.example.net:4343"),
        ),
        (
            "ReferralServer: whois://192.0.2.1:4343\n",
            Some("192.0.2.1:4343"),
        ),
        (
            "ReferralServer: rwhois://rwhois.example.net:4321/auth-area=198.51.100.0/24\n",
            Some("rwhois.example.net:4321"),
        ),
        ("ReferralServer: https://rdap.example.net\n", None),
        ("refer:\n", None),
        ("Domain Name: WIDGET.TEST\n", None),
        ("", None),
    ] {
        assert_eq!(to(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn the_outcome_names_the_next_server() {
    let next = endpoint("whois.example.net:4343");
    let text_of =
        |outcome: &str, next: Option<&Endpoint>, referred| with_direction(outcome, next, referred);
    let all = [
        text_of("answered", Some(&next), true),
        text_of("no usable data", Some(&next), true),
        text_of("no usable data", Some(&next), false),
        text_of("answered", None, true),
        text_of("no usable data", None, false),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    answered, refers to whois.example.net:4343
    refers to whois.example.net:4343
    no usable data; next: whois.example.net (built-in list)
    answered
    no usable data
    "#);
}

#[tokio::test]
async fn ignores_an_answer_about_another_object() {
    let mut found = RegistryAnswer::default();
    let other = b"Domain Name: OTHER.TEST\r\nRegistrar: Other, Inc.\r\n".to_vec();
    let step = found.read(Kind::Domain, "widget.test", Ok(other)).await;
    assert_eq!(step.outcome, "no usable data");
    assert!(step.text.contains("OTHER.TEST"), "the raw text is kept");
    let own = b"Domain Name: WIDGET.TEST\r\nRegistrar: Widget, Inc.\r\n".to_vec();
    let step = found.read(Kind::Domain, "widget.test", Ok(own)).await;
    assert_eq!(step.outcome, "answered");
    assert_eq!(
        found
            .registration
            .and_then(|facts| facts.registrar?.name)
            .as_deref(),
        Some("Widget, Inc.")
    );
}

#[tokio::test]
async fn keeps_the_first_failure() {
    let mut found = RegistryAnswer::default();
    for why in ["first", "second"] {
        let failure = Failure::Unavailable(why.into());
        let step = found.read(Kind::Domain, "widget.test", Err(failure)).await;
        assert_eq!((&*step.outcome, &*step.text), (why, ""));
    }
    assert_eq!(
        found.failure.map(|failure| failure.to_string()).as_deref(),
        Some("first")
    );
}

/// Starts servers on loopback addresses, each referring to the next and the last to the first.
async fn ring(length: u8, facts: &'static str) -> Vec<Endpoint> {
    let mut listeners = Vec::new();
    for last in 1..=length {
        let listener = TcpListener::bind((std::net::Ipv4Addr::new(127, 0, 0, last), 0)).await;
        listeners.push(listener.expect("binds"));
    }
    let servers: Vec<Endpoint> = listeners
        .iter()
        .map(|listener| endpoint(&listener.local_addr().expect("one").to_string()))
        .collect();

    for (listener, next) in listeners.into_iter().zip(servers.iter().cycle().skip(1)) {
        let text = format!("{facts}ReferralServer: whois://{next}\r\n");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 512]).await;
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
    }

    servers
}

async fn look_up(first: &Endpoint, follow: bool) -> RegistryAnswer {
    let net = crate::test_net(&["127.0.0.0/8".parse().expect("a network")]);
    let (kind, query) = (Kind::Domain, "widget.test");
    net.registries.whois(kind, query, Some(first), follow).await
}

#[tokio::test]
async fn stops_at_a_referral_loop() {
    let servers = ring(2, "Domain Name: WIDGET.TEST\r\nRegistrar: Widget, Inc.\r\n").await;
    let found = look_up(&servers[0], true).await;
    let text_of: Vec<_> = found
        .chain
        .iter()
        .map(|step| (step.server.clone(), step.outcome.clone()))
        .collect();
    assert_eq!(
        text_of,
        [
            (
                servers[0].to_string(),
                format!("answered, refers to {}", servers[1])
            ),
            (servers[1].to_string(), "answered".to_owned()),
        ]
    );
    assert_eq!(
        (found.raw.texts().len(), found.failure.is_none()),
        (2, true)
    );

    let alone = look_up(&servers[0], false).await;
    assert_eq!((alone.chain.len(), alone.raw.texts().len()), (1, 1));
}

#[tokio::test]
async fn stops_after_the_referral_limit() {
    let servers = ring(5, "").await;
    let found = look_up(&servers[0], true).await;
    assert_eq!(found.chain.len(), 3, "max_referrals of the settings");
    assert_eq!(found.chain[0].outcome, format!("refers to {}", servers[1]));
    assert_eq!(
        found.failure.map(|failure| failure.to_string()),
        Some(format!("{}: gave up after 3 referrals", servers[2]))
    );
}
