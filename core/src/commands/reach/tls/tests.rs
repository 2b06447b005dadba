#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

use std::sync::Arc;

use netvane_document::{Failure, Severity};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    Engine,
    testing::dns::{TestDns, ask, ask_json},
};

const RECORDS: &str = "
tls IN A 127.0.0.1
other IN A 127.0.0.1
";

async fn engine() -> (TestDns, Engine) {
    let dns = TestDns::serving(RECORDS).await;
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let engine = Engine::new(&settings).expect("an engine");
    (dns, engine)
}

/// A self-signed certificate for `tls.example.test`, valid in this year of dates.
fn server(from: (i32, u8, u8), to: (i32, u8, u8)) -> tokio_rustls::TlsAcceptor {
    let mut params = CertificateParams::new(["tls.example.test".to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    params.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a configuration");
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

/// Serves TLS at a free port after `greeting`, until the test ends.
async fn serve(acceptor: tokio_rustls::TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await?;
                let mut data = Vec::new();
                stream.read_to_end(&mut data).await?;
                assert!(data.is_empty(), "the connection carries no data");
                Ok::<_, std::io::Error>(())
            });
        }
    });
    port
}

/// Answers every connection with these bytes and closes it.
async fn answer(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    port
}

fn codes(reply: &Value) -> Vec<&str> {
    let problems = reply["data"]["problems"].as_array().expect("problems");
    problems
        .iter()
        .map(|problem| problem["code"].as_str().expect("a code"))
        .collect()
}

#[tokio::test]
async fn a_self_signed_certificate_is_reported_with_its_facts() {
    let (_dns, engine) = engine().await;
    let port = serve(server((2020, 1, 1), (2100, 1, 1))).await;

    let reply = ask_json(&engine, &format!("tls tls.example.test:{port}")).await;

    let data = &reply["data"];
    assert_eq!(reply["severity"], "bad");
    assert_eq!(
        (&data["trusted"], &data["reason"], &data["name_matches"]),
        (&json!(false), &json!("self-signed"), &json!(true))
    );
    assert_eq!(data["protocol"], "TLS 1.3");
    assert!(
        data["cipher"]
            .as_str()
            .expect("a cipher")
            .starts_with("TLS_")
    );
    assert_eq!(data["names"], json!(["tls.example.test"]));
    assert_eq!(data["key"], json!({"type": "ecdsa", "bits": 256}));
    assert_eq!(data["not_after"], "2100-01-01T00:00:00Z");
    assert_eq!(data["chain"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["dane"], json!({"state": "none", "records": []}));
    assert_eq!(codes(&reply), ["self_signed"]);
}

#[tokio::test]
async fn dates_and_names_are_reasons_of_their_own() {
    let (_dns, engine) = engine().await;
    let old = serve(server((2020, 1, 1), (2021, 1, 1))).await;
    let reply = ask_json(&engine, &format!("tls other.example.test:{old}")).await;
    assert_eq!(codes(&reply), ["expired", "self_signed", "wrong_name"]);
    assert!(reply["data"]["days_left"].as_i64().expect("days") < -365);

    let line = format!("tls other.example.test:{old} name=tls.example.test");
    let reply = ask_json(&engine, &line).await;
    assert_eq!(
        codes(&reply),
        ["expired", "self_signed"],
        "the name asked for"
    );

    let new = serve(server((2090, 1, 1), (2100, 1, 1))).await;
    let reply = ask_json(&engine, &format!("tls 127.0.0.1:{new}")).await;
    assert_eq!(
        codes(&reply),
        ["not_yet_valid", "self_signed", "wrong_name"]
    );
}

#[tokio::test]
async fn a_port_without_tls_is_a_reply() {
    let (_dns, engine) = engine().await;
    for (bytes, code, reason) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "not_tls",
            "it answered `HTTP/1.1 400 Bad Request`",
        ),
        (b"220 mail\r\n", "not_tls", "it answered `220 mail`"),
        (b"\x00\x01\x02", "not_tls", "does not speak TLS"),
        (b"", "no_handshake", "the TLS handshake"),
        (
            b"\x15\x03\x03\x00\x02\x02\x28",
            "refused",
            "handshake_failure",
        ),
        (b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00", "refused", ""),
    ] {
        let port = answer(bytes).await;
        let reply = ask_json(&engine, &format!("tls 127.0.0.1:{port}")).await;
        assert_eq!(reply["severity"], "bad");
        assert_eq!(reply["data"]["protocol"], Value::Null, "{reason}");
        let found = reply["data"]["reason"].as_str().expect("a reason");
        assert!(found.contains(reason), "{found}");
        assert_eq!(codes(&reply), [code], "{found}");
    }

    let closed = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = closed.local_addr().expect("an address").port();
    drop(closed);
    let reply = ask_json(&engine, &format!("tls 127.0.0.1:{port}")).await;
    let reason = format!("port {port}: connection refused");
    assert_eq!(reply["data"]["reason"], json!(reason));
}

#[tokio::test]
async fn a_name_without_an_address_is_a_reply() {
    let (_dns, engine) = engine().await;
    for (name, rcode) in [
        ("gone", "NXDOMAIN"),
        ("www.null", "NXDOMAIN"),
        ("null", "NOERROR"),
    ] {
        let reply = ask_json(&engine, &format!("tls {name}.example.test")).await;
        let data = &reply["data"];
        assert_eq!(
            (&data["address"], &data["rcode"]),
            (&Value::Null, &json!(rcode))
        );
        assert_eq!(reply["severity"], "bad");
    }
}

#[tokio::test]
async fn warn_below_bad_is_a_usage_error() {
    let (_dns, engine) = engine().await;
    let failure = ask(&engine, "tls tls.example.test warn=5 bad=6")
        .await
        .err();
    assert!(matches!(failure, Some(Failure::Usage(_))), "{failure:?}");
}

#[test]
fn every_severity_has_its_weight() {
    use super::problems::Weight;
    assert_eq!(Weight::Info.to_severity(), Severity::Good);
    assert!(Weight::Error > Weight::Warning && Weight::Warning > Weight::Info);
}
