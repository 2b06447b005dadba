//! Whois over port 43: referrals, arguments and adversarial servers.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{engine, steps};
use crate::{
    settings::Settings,
    testing::dns::{TestDns, ask, ask_json},
};

/// How a scripted server responds to a query.
#[derive(Clone)]
pub(super) enum Script {
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
pub(super) const REGISTRAR: &[u8] = b"Domain Name: widget.test\r\nRegistrar: Widget Registrar, Inc.\r\n\
Registrar Abuse Contact Email: abuse@registrar.example\r\nRegistrant Organization: W\xfcdget Werke GmbH\r\n\
Registrant Country: DE\r\nCreation Date: 1999-01-01T00:00:00Z\r\n";

/// Starts servers on one port of 127.0.0.1, .2, .3 …; the test zone names them root, registry, registrar and so on.
pub(super) async fn servers(scripts: &[(u8, Script)]) -> u16 {
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
