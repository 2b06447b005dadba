//! Whois referrals and RDAP over real sockets: scripted servers on several loopback addresses with one port.

#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    Engine,
    settings::Settings,
    testing::dns::{TestDns, ask, ask_json},
};

/// How a scripted server responds to a query.
#[derive(Clone)]
enum Script {
    Reply(&'static [u8]),
    Silent,
    Drips,
    Endless,
}

const ROOT: &[u8] =
    b"% IANA WHOIS server\r\nrefer:        registry.example.test\r\n\r\ndomain:       TEST\r\n";
const REGISTRY: &[u8] = b"Domain Name: WIDGET.TEST\r\nRegistrar WHOIS Server: registrar.example.test\r\n\
Registrar: Widget Registrar, Inc.\r\nRegistrar IANA ID: 9999\r\nCreation Date: 2001-02-03T04:05:06Z\r\n\
Registry Expiry Date: 2035-02-03T04:05:06Z\r\nDomain Status: clientTransferProhibited https://icann.org/epp#x\r\n\
Name Server: NS1.WIDGET.TEST\r\nName Server: NS2.WIDGET.TEST\r\nDNSSEC: unsigned\r\n";
const REGISTRAR: &[u8] = b"Domain Name: widget.test\r\nRegistrar: Widget Registrar, Inc.\r\n\
Registrar Abuse Contact Email: abuse@registrar.example\r\nRegistrant Organization: W\xfcdget Werke GmbH\r\n\
Registrant Country: DE\r\nCreation Date: 1999-01-01T00:00:00Z\r\n";

/// Starts servers on one port of 127.0.0.1, .2, .3 …; the test zone names them root, registry, registrar and so on.
async fn servers(scripts: &[(u8, Script)]) -> u16 {
    let listeners = loop {
        let first = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = first.local_addr().expect("an address").port();
        let mut listeners = HashMap::from([(1, first)]);
        for (host, _) in scripts.iter().filter(|(host, _)| *host != 1) {
            match TcpListener::bind(SocketAddr::from(([127, 0, 0, *host], port))).await {
                Ok(listener) => _ = listeners.insert(*host, listener),
                Err(_) => break,
            }
        }
        if scripts.iter().all(|(host, _)| listeners.contains_key(host)) {
            break listeners;
        }
    };

    let port = listeners[&1].local_addr().expect("an address").port();
    let scripts: Arc<HashMap<u8, Script>> = Arc::new(scripts.iter().cloned().collect());

    for (host, listener) in listeners {
        let scripts = scripts.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(script) = scripts.get(&host).cloned() {
                    tokio::spawn(play(stream, script));
                }
            }
        });
    }

    port
}

async fn play(mut stream: TcpStream, script: Script) {
    let mut line = [0; 512];
    let _ = stream.read(&mut line).await;
    match script {
        Script::Reply(text) => _ = stream.write_all(text).await,
        Script::Silent => tokio::time::sleep(Duration::from_secs(30)).await,
        Script::Drips => {
            while stream.write_all(b"%").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Script::Endless => while stream.write_all(&[b'x'; 8192]).await.is_ok() {},
    }
}

async fn engine(dns: &TestDns, port: u16, change: impl FnOnce(&mut Settings)) -> Engine {
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.rdap.enabled = false;
    settings.whois.root = "root.example.test".into();
    settings.whois.port = port;
    settings.whois.timeout_ms = 400;
    change(&mut settings);
    Engine::new(&settings).expect("an engine")
}

/// Checks registrar and registrant of `widget.test`.
fn check_contacts(data: &serde_json::Value) {
    assert_eq!(
        data["registrar"],
        serde_json::json!({"name": "Widget Registrar, Inc.", "iana_id": "9999", "url": null,
            "abuse_email": "abuse@registrar.example", "abuse_phone": null})
    );

    assert_eq!(
        data["registrant"],
        serde_json::json!({"organization": "Wüdget Werke GmbH", "country": "DE"}),
        "Latin-1"
    );
}

/// The queried servers with their results.
fn steps(data: &serde_json::Value) -> Vec<(&str, &str)> {
    data["chain"]
        .as_array()
        .expect("a chain")
        .iter()
        .map(|step| {
            (
                step["server"].as_str().expect("text"),
                step["outcome"].as_str().expect("text"),
            )
        })
        .collect()
}

#[tokio::test]
async fn follows_referrals_from_the_root_to_the_registrar() {
    let dns = TestDns::start().await;
    let port = servers(&[
        (1, Script::Reply(ROOT)),
        (2, Script::Reply(REGISTRY)),
        (3, Script::Reply(REGISTRAR)),
    ])
    .await;

    let engine = engine(&dns, port, |_| {}).await;
    let reply = ask_json(&engine, "whois www.widget.test").await;
    let data = &reply["data"];

    assert_eq!(
        (&data["query"], &data["host"]),
        (&"widget.test".into(), &"www.widget.test".into())
    );
    assert_eq!(
        (&data["kind"], &data["source"], &data["state"]),
        (&"domain".into(), &"whois".into(), &"registered".into())
    );
    check_contacts(data);
    assert_eq!(
        data["created"], "2001-02-03T04:05:06Z",
        "the registry takes precedence"
    );
    assert_eq!(data["expires"], "2035-02-03T04:05:06Z");
    assert_eq!(
        data["status"],
        serde_json::json!(["clientTransferProhibited"])
    );
    assert_eq!(
        data["nameservers"],
        serde_json::json!(["ns1.widget.test", "ns2.widget.test"])
    );
    assert_eq!(data["dnssec"], false);
    assert_eq!(
        steps(data),
        [
            ("root.example.test", "refers to registry.example.test"),
            (
                "registry.example.test",
                "answered, refers to registrar.example.test"
            ),
            ("registrar.example.test", "answered"),
        ]
    );

    assert!(
        data["raw"]
            .as_str()
            .expect("text")
            .starts_with("# root.example.test\n% IANA WHOIS server")
    );
}

#[tokio::test]
async fn honors_the_arguments_follow_and_server() {
    let dns = TestDns::start().await;
    let port = servers(&[
        (1, Script::Reply(ROOT)),
        (2, Script::Reply(REGISTRY)),
        (3, Script::Reply(REGISTRAR)),
    ])
    .await;
    let engine = engine(&dns, port, |_| {}).await;
    let reply = ask_json(
        &engine,
        "whois widget.test server=registry.example.test follow=no raw",
    )
    .await;
    assert_eq!(reply["data"]["chain"].as_array().map(Vec::len), Some(1));
    assert_eq!(reply["data"]["registrant"], serde_json::Value::Null);
    assert!(
        reply["blocks"].to_string().contains("WIDGET.TEST"),
        "raw text is in the reply"
    );
}

#[tokio::test]
async fn adversarial_servers_are_bounded() {
    let loop_back: &[u8] = b"Registrar WHOIS Server: root.example.test\r\n";

    for (script, code) in [(Script::Silent, "timeout"), (Script::Reply(b""), "")] {
        let dns = TestDns::start().await;
        let port = servers(&[(1, script)]).await;
        let answer = ask(&engine(&dns, port, |_| {}).await, "whois widget.test").await;
        let actual = answer
            .as_ref()
            .err()
            .map(|failure| failure.code().0)
            .unwrap_or_default();
        assert_eq!(actual, code);
    }

    for script in [
        Script::Drips,
        Script::Endless,
        Script::Reply(b"\x00\xff\xfe\x80binary"),
        Script::Reply(loop_back),
    ] {
        let dns = TestDns::start().await;
        let port = servers(&[(1, script)]).await;
        let engine = engine(&dns, port, |settings| settings.whois.max_bytes = 65_536).await;
        let reply = ask_json(&engine, "whois widget.test").await;
        assert_eq!(reply["data"]["state"], "unavailable");
        assert_eq!(
            reply["data"]["chain"].as_array().map(Vec::len),
            Some(1),
            "no server is queried twice"
        );
        assert!(
            reply["data"]["raw"]
                .as_str()
                .is_none_or(|raw| raw.len() < 100_000)
        );
    }
}

#[tokio::test]
async fn a_referral_does_not_bypass_the_guard() {
    let dns = TestDns::start().await;
    let port = servers(&[(1, Script::Reply(ROOT)), (2, Script::Reply(REGISTRY))]).await;
    let allow_root_only = |settings: &mut Settings| {
        settings.policy.allow = vec!["127.0.0.1/32".parse().expect("a network")]
    };
    let reply = ask_json(
        &engine(&dns, port, allow_root_only).await,
        "whois widget.test",
    )
    .await;
    let last = reply["data"]["chain"][1]["outcome"].as_str().expect("text");
    assert!(last.contains("is in 127.0.0.0/8"), "{last}");
    assert_eq!(reply["data"]["state"], "unavailable");
}

/// An HTTP/1.1 server with a fixed response for each path.
async fn rdap_server(pages: Vec<(&'static str, String)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let pages: Arc<HashMap<&str, String>> = Arc::new(pages.into_iter().collect());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let pages = pages.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let head_and_body = pages
                    .get(path.as_str())
                    .cloned()
                    .unwrap_or_else(|| "404 Not Found\r\n\r\n{}".into());
                let _ = stream
                    .write_all(format!("HTTP/1.1 {head_and_body}").as_bytes())
                    .await;
            });
        }
    });
    address
}

async fn rdap_engine(
    dns: &TestDns,
    rdap: SocketAddr,
    whois_port: u16,
) -> (Engine, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let services = |entries: &str| {
        format!(
            r#"{{"version":"1.0","publication":"2026-01-01T00:00:00Z","services":[[[{entries}],["http://{rdap}/"]]]}}"#
        )
    };

    for (name, entries) in [
        ("dns", r#""test""#),
        ("ipv4", r#""192.0.0.0/8""#),
        ("ipv6", r#""2001:db8::/32""#),
        ("asn", r#""64496-64511""#),
    ] {
        std::fs::write(
            directory.path().join(format!("{name}.json")),
            services(entries),
        )
        .expect("writes");
    }

    let bootstrap = directory.path().display().to_string();
    let engine = engine(dns, whois_port, |settings| {
        settings.rdap.enabled = true;
        settings.rdap.bootstrap = bootstrap;
        settings.rdap.timeout_ms = 500;
    })
    .await;

    (engine, directory)
}

const OBJECT: &str = r#"{"objectClassName":"domain","ldhName":"WIDGET.TEST","status":["active","client transfer prohibited"],
 "events":[{"eventAction":"registration","eventDate":"2001-02-03T04:05:06Z"},{"eventAction":"expiration","eventDate":"2035-02-03T04:05:06Z"}],
 "secureDNS":{"delegationSigned":true},"nameservers":[{"ldhName":"NS1.WIDGET.TEST"}],
 "entities":[{"roles":["registrar"],"publicIds":[{"type":"IANA Registrar ID","identifier":"9999"}],
 "vcardArray":["vcard",[["version",{},"text","4.0"],["fn",{},"text","Widget Registrar, Inc."]]]}]}"#;

fn page(status: &str, headers: &str, body: &str) -> String {
    format!(
        "{status}\r\ncontent-type: application/rdap+json\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn rdap_pages() -> Vec<(&'static str, String)> {
    vec![
        (
            "/domain/widget.test",
            page(
                "302 Found",
                "location: /elsewhere/domain/widget.test\r\n",
                "",
            ),
        ),
        ("/elsewhere/domain/widget.test", page("200 OK", "", OBJECT)),
        ("/domain/free.test", page("404 Not Found", "", "{}")),
        ("/domain/busy.test", page("429 Too Many Requests", "", "{}")),
        (
            "/domain/inside.test",
            page("302 Found", "location: http://10.0.0.1/\r\n", ""),
        ),
        (
            "/domain/round.test",
            page("302 Found", "location: /domain/round.test\r\n", ""),
        ),
        (
            "/domain/huge.test",
            page("200 OK", "", &" ".repeat(3 << 20)),
        ),
        (
            "/domain/binary.test",
            page("200 OK", "", "\u{0}\u{1}nonsense"),
        ),
    ]
}

#[tokio::test]
async fn queries_rdap_first_and_follows_redirects() {
    let dns = TestDns::start().await;
    let rdap = rdap_server(rdap_pages()).await;
    let port = servers(&[(1, Script::Reply(b"no entries found\r\n"))]).await;
    let (engine, _directory) = rdap_engine(&dns, rdap, port).await;
    let reply = ask_json(&engine, "whois widget.test").await;
    let data = &reply["data"];

    assert_eq!(
        (&data["source"], &data["state"], &data["dnssec"]),
        (&"rdap".into(), &"registered".into(), &true.into())
    );
    assert_eq!(data["registrar"]["iana_id"], "9999");
    assert_eq!(data["expires"], "2035-02-03T04:05:06Z");
    assert_eq!(
        data["status"],
        serde_json::json!(["ok", "clientTransferProhibited"])
    );
    assert_eq!(
        ask_json(&engine, "whois free.test").await["summary"],
        "free.test is not registered"
    );
    assert_eq!(
        ask_json(&engine, "whois busy.test source=rdap").await["data"]["state"],
        "throttled"
    );
}

#[tokio::test]
async fn port_43_answers_if_rdap_refuses() {
    let dns = TestDns::start().await;
    let html = "<html><title>Not here</title></html>";
    let rdap = rdap_server(vec![
        (
            "/domain/widget.test",
            page("429 Too Many Requests", "", "{}"),
        ),
        (
            "/domain/www.test",
            page(
                "403 Forbidden",
                "",
                r#"{"errorCode":403,"title":"Rate limit exceeded"}"#,
            ),
        ),
        (
            "/domain/down.test",
            page("503 Service Unavailable", "", html),
        ),
        ("/domain/html.test", page("404 Not Found", "", html)),
        ("/domain/empty.test", page("404 Not Found", "", "")),
    ])
    .await;

    for (answer, names, state) in [
        (REGISTRAR, &["widget.test"][..], "registered"),
        (
            b"Domain: x\r\nStatus: free\r\n",
            &["www.test", "down.test", "html.test", "empty.test"],
            "available",
        ),
        (
            b"% Too many requests\r\n",
            &["widget.test", "www.test", "down.test"],
            "throttled",
        ),
        // What RDAP said remains if port 43 says nothing.
        (b"\r\n", &["widget.test", "www.test"], "throttled"),
    ] {
        let port = servers(&[(1, Script::Reply(answer))]).await;
        let (engine, _directory) = rdap_engine(&dns, rdap, port).await;
        for name in names {
            let reply = ask_json(&engine, &format!("whois {name}")).await;
            assert_eq!(reply["data"]["state"], state, "{name}: {reply}");
            assert_eq!(steps(&reply["data"]).len(), 2, "{name}: both are queried");
        }
    }
}

#[tokio::test]
async fn reports_broken_rdap_servers() {
    let dns = TestDns::start().await;
    let rdap = rdap_server(rdap_pages()).await;
    let port = servers(&[(1, Script::Reply(b"no entries found\r\n"))]).await;
    let (engine, _directory) = rdap_engine(&dns, rdap, port).await;

    for (name, why) in [
        ("inside.test", "10.0.0.1 is in 10.0.0.0/8"),
        ("round.test", "too many redirects"),
        ("huge.test", "larger than"),
        ("binary.test", "not an RDAP response"),
    ] {
        let answer = ask(&engine, &format!("whois {name} source=rdap")).await;
        let actual = answer
            .map(|_| String::new())
            .unwrap_or_else(|failure| failure.to_string());
        assert!(actual.contains(why), "{name}: {actual}");
    }

    let fallback = ask_json(&engine, "whois binary.test").await;

    assert_eq!(fallback["data"]["source"], "whois", "falls back to port 43");
    assert_eq!(fallback["data"]["chain"].as_array().map(Vec::len), Some(2));
}
