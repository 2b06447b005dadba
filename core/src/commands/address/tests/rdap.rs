//! RDAP first, and port 43 where it fails.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    engine,
    port_43::{REGISTRAR, Script, servers},
    steps,
};
use crate::{
    Engine,
    testing::dns::{TestDns, ask, ask_json},
};

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
