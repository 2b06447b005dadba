#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

use netvane_document::Failure;
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
web1 IN A 127.0.0.1
private IN A 10.0.0.1
";

async fn engine() -> (TestDns, Engine) {
    let dns = TestDns::serving(RECORDS).await;
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let engine = Engine::new(&settings).expect("an engine");
    (dns, engine)
}

/// Answers each request by its path, until the test ends.
async fn serve(respond: fn(&str) -> String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or_default();
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = text.split(' ').nth(1).unwrap_or_default();
            let _ = stream.write_all(respond(path).as_bytes()).await;
        }
    });
    port
}

fn page(path: &str) -> String {
    let redirect =
        |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    match path {
        "/" => "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: test\r\nContent-Length: 30\r\n\r\n<title>Front page</title>hello".into(),
        "/moved" => redirect("/"),
        "/nowhere" => "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".into(),
        "/unchanged" => "HTTP/1.1 304 Not Modified\r\n\r\n".into(),
        "/a" => redirect("/b"),
        "/b" => redirect("/a"),
        "/private" => redirect("http://private.example.test/"),
        "/gone" => redirect("http://nothing.example.test/"),
        "/scheme" => redirect("ftp://joe:secret@web1.example.test/"),
        "/503" => "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".into(),
        "/short" => "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello".into(),
        path if path.starts_with("/n") => redirect(&format!("{path}n")),
        _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into(),
    }
}

fn codes(reply: &Value) -> Vec<&str> {
    let problems = reply["data"]["problems"].as_array().expect("problems");
    problems
        .iter()
        .map(|problem| problem["code"].as_str().expect("a code"))
        .collect()
}

#[tokio::test]
async fn each_step_of_the_redirects_has_its_phases() {
    let (_dns, engine) = engine().await;
    let port = serve(page).await;
    let base = format!("http://web1.example.test:{port}");

    let reply = ask_json(&engine, &format!("http {base}/moved")).await;

    let data = &reply["data"];
    assert_eq!(reply["severity"], "good");
    assert_eq!(data["final_url"], format!("{base}/"));
    assert_eq!(
        (&data["status"], &data["version"]),
        (&json!(200), &json!("HTTP/1.1"))
    );
    assert_eq!(
        (&data["title"], &data["bytes"]),
        (&json!("Front page"), &json!(30))
    );
    assert_eq!(
        (&data["tls"], &data["truncated"]),
        (&Value::Null, &json!(false))
    );
    let steps = data["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0]["location"], format!("{base}/"));
    for step in steps {
        let timings = &step["timings_ms"];
        assert!(timings["dns"].is_number() && timings["connect"].is_number());
        assert!(timings["tls"].is_null() && timings["first_byte"].is_number());
        assert!(timings["total"].as_f64() >= timings["first_byte"].as_f64());
    }
    assert_eq!(data["headers"][1], json!(["server", "test"]));
}

#[tokio::test]
async fn redirects_that_lead_nowhere_are_replies() {
    let (_dns, engine) = engine().await;
    let port = serve(page).await;
    for (path, code, steps) in [
        ("/a", "redirect_loop", 2),
        ("/n", "too_many_redirects", 11),
        ("/private", "redirect_refused", 1),
        ("/gone", "no_address", 2),
        ("/scheme", "bad_redirect", 1),
    ] {
        let reply = ask_json(
            &engine,
            &format!("http http://web1.example.test:{port}{path}"),
        )
        .await;
        let data = &reply["data"];
        assert_eq!(codes(&reply), [code], "{path}");
        assert_eq!(reply["severity"], "bad");
        assert_eq!(
            data["steps"].as_array().map(Vec::len),
            Some(steps),
            "{path}"
        );
        assert!(data["reason"].is_string());
        assert!(!reply.to_string().contains("secret"));
    }

    let reply = ask_json(
        &engine,
        &format!("http http://web1.example.test:{port}/a follow=no"),
    )
    .await;
    assert_eq!(
        (&reply["data"]["status"], &reply["severity"]),
        (&json!(302), &json!("good"))
    );
}

#[tokio::test]
async fn what_does_not_hold_is_bad() {
    let (_dns, engine) = engine().await;
    let port = serve(page).await;
    for (rest, severity, expected) in [
        ("/", "good", &[][..]),
        ("/ status=200 contains=hello", "good", &[]),
        ("/ contains=Hello", "bad", &["text_missing"]),
        ("/ status=301", "bad", &["unexpected_status"]),
        ("/ method=head contains=hello", "bad", &["text_missing"]),
        ("/missing", "warning", &["client_error"]),
        ("/missing status=404", "good", &[]),
        ("/503", "bad", &["server_error"]),
        ("/503 status=5xx", "good", &[]),
        ("/nowhere", "warning", &["no_location"]),
        ("/nowhere follow=no", "warning", &["no_location"]),
        ("/nowhere status=302", "good", &[]),
        ("/nowhere status=200", "bad", &["unexpected_status"]),
        ("/unchanged", "good", &[]),
    ] {
        let reply = ask_json(&engine, &format!("http http://127.0.0.1:{port}{rest}")).await;
        assert_eq!(codes(&reply), expected, "{rest}");
        assert_eq!(reply["severity"], severity, "{rest}");
    }
    let reply = ask_json(&engine, &format!("http http://127.0.0.1:{port}/nowhere")).await;
    let summary = reply["summary"].as_str().expect("a summary");
    assert!(
        summary.starts_with("302 Found")
            && summary.ends_with(": a redirect without a Location header"),
        "{summary}"
    );
    let reply = ask_json(&engine, &format!("http http://127.0.0.1:{port}/short")).await;
    assert_eq!(reply["data"]["truncated"], true);
}

#[tokio::test]
async fn a_bare_host_falls_back_to_http() {
    let (_dns, engine) = engine().await;
    let port = serve(page).await;
    let reply = ask_json(&engine, &format!("http web1.example.test:{port}")).await;
    assert_eq!(reply["data"]["status"], 200);
    assert_eq!(
        reply["data"]["url"],
        format!("http://web1.example.test:{port}/")
    );
    assert_eq!(codes(&reply), ["no_https"]);
}

#[tokio::test]
async fn resolve_replaces_the_addresses_of_the_host() {
    let (_dns, engine) = engine().await;
    let port = serve(page).await;
    let line = format!("http http://nowhere.test:{port}/ resolve=127.0.0.1");
    let reply = ask_json(&engine, &line).await;
    assert_eq!(reply["data"]["status"], 200);
    assert_eq!(reply["data"]["steps"][0]["timings_ms"]["dns"], Value::Null);

    let line = format!("http http://web1.example.test:{port}/ resolve=10.0.0.1");
    let failure = ask(&engine, &line).await.err();
    assert!(
        matches!(failure, Some(Failure::Refused { .. })),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_a_reply() {
    let (_dns, engine) = engine().await;
    let reply = ask_json(&engine, "http gone.example.test").await;
    let data = &reply["data"];
    assert_eq!(
        (&data["address"], &data["rcode"]),
        (&Value::Null, &json!("NXDOMAIN"))
    );
    assert_eq!(
        (&reply["severity"], &data["status"]),
        (&json!("bad"), &Value::Null)
    );
}

#[tokio::test]
async fn credentials_are_never_repeated() {
    let (_dns, engine) = engine().await;
    for line in [
        "http https://joe:hunter2@web1.example.test/",
        "http joe:hunter2@web1.example.test",
        "http https://joe:hunter2@web1.example.test/ status=abc",
        "http status=abc https://joe:hunter2@web1.example.test/",
        "http https://joe:hunter2@web1.example.test/ frob=1",
    ] {
        let failure = ask(&engine, line).await.err().expect("a usage error");
        let Failure::Usage(usage) = &failure else {
            panic!("{line}: {failure:?}");
        };
        assert!(
            !format!("{usage:?}").contains("hunter2"),
            "{line}: {usage:?}"
        );
        assert_eq!(
            usage.position, None,
            "{line}: adapters would repeat the line"
        );
    }
}
