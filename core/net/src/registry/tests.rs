use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

const WIDGET: &str = r#"{"objectClassName":"domain","ldhName":"widget.test","events":[]}"#;

const NOT_FOUND: &str =
    r#"{"errorCode":404,"title":"Not Found","description":["Domain not found"]}"#;

fn read(status: u16, body: &str) -> Result<RegistrationState, String> {
    facts(
        Kind::Domain,
        "widget.test",
        "rdap.test",
        (status, body.as_bytes()),
    )
    .map(|facts| facts.state)
    .map_err(|failure| failure.to_string())
}

#[test]
fn the_http_status_decides_whether_the_body_is_read() {
    assert_eq!(read(200, WIDGET), Ok(RegistrationState::Registered));
    assert_eq!(read(203, WIDGET), Ok(RegistrationState::Registered));
    assert_eq!(read(404, NOT_FOUND), Ok(RegistrationState::Available));
    let reserved = r#"{"errorCode":404,"title":"Reserved","description":["By the registry"]}"#;
    assert_eq!(read(404, reserved), Ok(RegistrationState::Reserved));
    let invalid = r#"{"errorCode":400,"title":"The name is not in this registry"}"#;
    assert_eq!(read(400, invalid), Ok(RegistrationState::Unavailable));
    // Anything but an error object of RDAP says nothing about the object.
    for body in ["", "<html><title>404</title></html>", WIDGET, "{}"] {
        assert_eq!(
            read(404, body),
            Err("rdap.test: HTTP status 404".to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        read(429, "<html>slow down</html>"),
        Ok(RegistrationState::Throttled)
    );
    for status in [199, 300, 400, 403, 500, 503] {
        assert_eq!(
            read(status, WIDGET),
            Err(format!("rdap.test: HTTP status {status}"))
        );
    }
    for body in ["", "<html></html>", "[", "\u{feff}"] {
        let why = read(200, body).expect_err(body);
        assert!(
            why.starts_with("rdap.test: not an RDAP response: "),
            "{why}"
        );
    }
}

#[test]
fn describes_each_state() {
    let all = [
        RegistrationState::Registered,
        RegistrationState::Available,
        RegistrationState::Reserved,
        RegistrationState::Throttled,
        RegistrationState::Unavailable,
    ];
    insta::assert_snapshot!(all.map(outcome).join(", "), @"answered, not found, reserved, rate-limited, no usable data");
}

/// IANA's files in a temporary directory, removed on drop.
struct Files(std::path::PathBuf);

impl Files {
    fn new(name: &str, dns: &str) -> Self {
        let path = std::env::temp_dir().join(format!("netvane-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        for (file, text) in [
            ("dns.json", dns),
            ("ipv4.json", r#"{"services":[]}"#),
            ("ipv6.json", r#"{"services":[]}"#),
            ("asn.json", r#"{"services":[]}"#),
        ] {
            std::fs::write(path.join(file), text).expect("a file");
        }
        Self(path)
    }

    fn registries(&self) -> Registries {
        registries(&self.0.display().to_string())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn registries(bootstrap: &str) -> Registries {
    let settings = settings::Rdap {
        enabled: true,
        bootstrap: bootstrap.to_owned(),
        bootstrap_url: String::new(),
        timeout_ms: 5000,
        max_bytes: 1 << 16,
    };
    let net = crate::test_net(&["127.0.0.0/8".parse().expect("a network")]);
    let whois = net.registries.0.whois.clone();

    Registries::new(&settings, None, net.http, whois)
}

/// Runs a server that answers each path with its entry.
async fn serve(listener: TcpListener, answers: Vec<(&'static str, String)>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 2048];
        let read = stream.read(&mut request).await.unwrap_or(0);
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default();
        let entry = answers.iter().find(|(key, _)| *key == path);
        let (status, body) =
            entry.map_or(("404 Not Found", NOT_FOUND), |(_, body)| ("200 OK", body));
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close");
        let _ = stream
            .write_all(format!("{head}\r\n\r\n{body}").as_bytes())
            .await;
    }
}

#[tokio::test]
async fn fills_gaps_from_the_registrar() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let files = Files::new(
        "rdap-follow",
        &format!(r#"{{"publication":"2026-01-02T00:00:00Z","services":[[["test"],["{base}/"]]]}}"#),
    );
    let registry = format!(
        r#"{{"objectClassName":"domain","ldhName":"widget.test","links":[{{"rel":"related","href":"{base}/registrar","type":"application/rdap+json"}}],
        "events":[{{"eventAction":"registration","eventDate":"2001-01-01T00:00:00Z"}}]}}"#
    );
    let registrar = r#"{"objectClassName":"domain","ldhName":"widget.test","events":[
        {"eventAction":"registration","eventDate":"1999-01-01T00:00:00Z"},
        {"eventAction":"expiration","eventDate":"2030-01-01T00:00:00Z"}]}"#;
    let server = tokio::spawn(serve(
        listener,
        vec![
            ("/domain/widget.test", registry),
            ("/registrar", registrar.to_owned()),
        ],
    ));

    let registries = files.registries();

    assert_eq!(
        registries.bootstrap_date().as_deref(),
        Some("2026-01-02T00:00:00Z")
    );

    let alone = registries.rdap(Kind::Domain, "widget.test", false).await;
    assert_eq!((alone.chain.len(), alone.raw.texts().len()), (1, 1));
    let both = registries.rdap(Kind::Domain, "widget.test", true).await;
    let facts = both.registration.expect("facts");

    assert_eq!(
        (facts.created.as_deref(), facts.expires.as_deref()),
        (Some("2001-01-01T00:00:00Z"), Some("2030-01-01T00:00:00Z"))
    );

    let outcomes: Vec<_> = both
        .chain
        .iter()
        .map(|step| step.outcome.as_str())
        .collect();

    assert_eq!(
        (outcomes, both.raw.texts().len()),
        (vec!["answered", "answered"], 2)
    );

    let none = registries.rdap(Kind::Domain, "free.test", true).await;
    let facts = none.registration.expect("facts");
    assert_eq!(
        (facts.state, none.chain.len()),
        (RegistrationState::Available, 1)
    );
    assert_eq!(none.chain[0].outcome, "not found: Domain not found");
    let unknown = registries.rdap(Kind::Domain, "widget.invalid", true).await;
    assert!(unknown.registration.is_none() && unknown.chain.is_empty());
    server.abort();
}

#[tokio::test]
async fn reports_an_unreadable_bootstrap_as_the_first_step() {
    let registries = registries("/nowhere");
    assert_eq!(registries.bootstrap_date(), None);
    let failure = registries.check().expect_err("no such directory");

    assert!(
        failure
            .to_string()
            .starts_with("rdap.bootstrap: /nowhere/dns.json: "),
        "{failure}"
    );

    let entry = registries.rdap(Kind::Domain, "widget.test", true).await;

    assert_eq!(
        (&*entry.chain[0].server, entry.chain.len()),
        ("RDAP bootstrap", 1)
    );
    assert_eq!(entry.chain[0].outcome, failure.to_string());
    assert!(entry.failure.is_some());

    let broken = Files::new("rdap-broken", "{");
    let failure = broken
        .registries()
        .check()
        .expect_err("no JSON")
        .to_string();

    let start = format!("rdap.bootstrap: {}: ", broken.0.display());
    assert!(failure.starts_with(&start), "{failure}");
}

#[test]
fn the_builtin_bootstrap_is_valid() {
    let registries = registries("builtin");
    assert!(registries.check().is_ok() && registries.has_rdap());
    let date = registries.bootstrap_date().expect("a date");
    assert!(date.as_str() > "2024" && date.as_str() < "2100", "{date}");
}
