//! Traces and metrics for operators of the service.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread,
};

use netvane_tests::{Dns, Service};

/// Accepts one POST; the thread returns its path and body.
fn collector(listener: TcpListener) -> thread::JoinHandle<(String, Vec<u8>)> {
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the exporter");
        let mut stream = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).expect("a header line");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).expect("the body");
        let _ = stream
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        (head.lines().next().unwrap_or_default().to_owned(), body)
    })
}

fn holds(body: &[u8], word: &str) -> bool {
    body.windows(word.len())
        .any(|window| window == word.as_bytes())
}

#[test]
fn traces_reach_a_collector_without_the_target() {
    let dns = Dns::start();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let collected = collector(listener);
    let server = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__TELEMETRY__OTLP_ENDPOINT", &endpoint),
    ]);
    assert_eq!(service.command("/a web.example.test").status, 200);
    assert_eq!(service.stop(), Some(0));
    let (request, body) = collected.join().expect("a trace");
    assert_eq!(request, "POST /v1/traces HTTP/1.1");
    for word in ["netvane", "ask", "dns", "adapter", "http", "answered"] {
        assert!(holds(&body, word), "{word} is missing");
    }
    assert!(!holds(&body, "web.example"));
}

#[test]
fn upstreams_are_counted_by_kind_and_outcome() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    assert_eq!(service.command("/a web.example.test").status, 200);
    let metrics = service.get("/metrics");
    let metrics = metrics.text();
    assert!(
        metrics.contains(r#"netvane_upstream_total{upstream="dns",outcome="answered"} 1"#),
        "{metrics}"
    );
    assert!(metrics.contains(r#"netvane_upstream_seconds_bucket{upstream="dns","#));
}
