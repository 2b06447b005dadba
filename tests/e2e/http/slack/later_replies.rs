//! Replies that are sent later, to the `response_url` of the request.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    thread,
};

use netvane_tests::{Dns, PATIENCE, Service};
use serde_json::{Value, json};

use super::{ALLOW, SLACK, TOKENS, signatures::mattermost, slack, title};

/// Receives POSTs to a `response_url`; responds with these statuses, then with 200.
pub(super) struct Receiver {
    address: SocketAddr,
    taken: mpsc::Receiver<Value>,
}

impl Receiver {
    pub(super) fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, taken) = mpsc::channel();
        let statuses = statuses.to_vec();

        thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let mut stream = BufReader::new(stream.expect("a client"));
                let mut length = 0;

                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or(0) < 3 {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().expect("a length");
                    }
                }

                let mut body = vec![0; length];
                stream.read_exact(&mut body).expect("a whole body");
                let status = statuses.get(index).copied().unwrap_or(200);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.get_mut().write_all(answer.as_bytes());

                if sender
                    .send(serde_json::from_slice(&body).expect("JSON"))
                    .is_err()
                {
                    break;
                }
            }
        });

        Self { address, taken }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/commands/T1/2/secret", self.address)
    }

    pub(super) fn next(&self) -> Value {
        self.taken
            .recv_timeout(PATIENCE)
            .expect("something is delivered")
    }

    fn is_quiet(&self) -> bool {
        self.taken.try_recv().is_err()
    }
}

#[test]
fn a_slow_reply_replaces_the_first_message() {
    let (dns, receiver) = (Dns::start(), Receiver::start(&[]));
    let server = dns.address.to_string();
    let service = Service::start(&[
        SLACK,
        ALLOW,
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__DNS__TIMEOUT_MS", "15000"),
    ]);

    dns.hold("mail1.example.test. A");
    let fields = [
        ("command", "/mx"),
        ("text", "example.test"),
        ("response_url", &receiver.url()),
    ];

    let message = slack(&service, &fields);

    assert_eq!(
        (&message["response_type"], title(&message)),
        (&json!("ephemeral"), "ℹ️ Looking up …")
    );

    // The partial result is sent first.
    let so_far = receiver.next();
    assert!(title(&so_far).ends_with("MX of example.test …"), "{so_far}");
    dns.release("mail1.example.test. A");
    let answer = receiver.next();
    assert!(title(&answer).ends_with("MX of example.test"), "{answer}");
    for message in [so_far, answer] {
        let kind = (&message["response_type"], &message["replace_original"]);
        assert_eq!(kind, (&json!("ephemeral"), &json!(true)));
    }

    assert_eq!(service.stop(), Some(0));
    assert!(receiver.is_quiet());
}

/// Runs a lookup that takes longer than the hook waits; the reply is then delivered.
fn ask_slowly(service: &Service, dns: &Dns, receiver: &Receiver, kind: &str) {
    let question = format!("example.test. {kind}");
    let line = format!("{} example.test", kind.to_lowercase());
    dns.hold(&question);
    let message = mattermost(
        service,
        &[
            ("command", "/netvane"),
            ("text", &line),
            ("response_url", &receiver.url()),
        ],
    );

    assert!(
        message["text"]
            .as_str()
            .expect("text")
            .contains("Looking up …"),
        "{message}"
    );

    dns.release(&question);
}

#[test]
fn a_delivery_is_retried_a_limited_number_of_times() {
    let (dns, receiver) = (
        Dns::start(),
        Receiver::start(&[500, 429, 200, 500, 500, 500, 404]),
    );
    let server = dns.address.to_string();
    let settings = [
        TOKENS,
        ALLOW,
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__DNS__TIMEOUT_MS", "15000"),
    ];

    let service = Service::start(&settings);
    let slow = |kind: &str| ask_slowly(&service, &dns, &receiver, kind);
    slow("TXT");
    let first = receiver.next();
    assert_eq!(first["response_type"], "ephemeral");
    assert!(
        first["text"]
            .as_str()
            .expect("text")
            .starts_with("### TXT of example.test"),
        "{first}"
    );

    assert_eq!((receiver.next(), receiver.next()), (first.clone(), first));
    slow("CAA");
    (0..3).for_each(|_| drop(receiver.next()));
    service.logged("an answer was given up");
    slow("NS");
    receiver.next();
    let line = service.logged("platform rejected a message\"");

    assert!(
        line.contains("HTTP 404") && !service.log().contains("/commands/T1"),
        "{line}"
    );
    assert_eq!(service.stop(), Some(0));
    assert!(receiver.is_quiet());
}

/// Checks the immediate message for a reply that would later go to this URL.
fn is_told(service: &Service, kind: &str, url: &str, told: &str) {
    let asked = [
        ("command", kind),
        ("text", "example.test"),
        ("response_url", url),
    ];
    let message = mattermost(service, &asked);
    let text = message["text"].as_str().expect("text").replace('\\', "");
    assert!(text.contains(told), "{url}: {text}");
    assert_eq!(
        text.contains("Please try again in a moment"),
        told != "Looking up …",
        "{text}"
    );
}

#[test]
fn later_replies_are_not_sent_to_forbidden_urls() {
    let dns = Dns::start();
    let server = dns.address.to_string();
    let receiver = Receiver::start(&[]);
    let settings = [
        TOKENS,
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__DNS__TIMEOUT_MS", "15000"),
    ];

    let service = Service::start(&settings);
    let questions = ["TXT", "CAA", "NS", "SOA", "MX"];
    questions
        .iter()
        .for_each(|kind| dns.hold(&format!("example.test. {kind}")));

    // A private address over HTTPS is detected by the policy.
    let private = format!("https://127.0.0.1:{}/x", receiver.address.port());
    let urls = [
        (receiver.url(), "is not one with https"),
        (
            "https://u:p@hooks.slack.com/x".to_owned(),
            "a user or a password",
        ),
        ("file:///etc/passwd".to_owned(), "is not one with https"),
        (String::new(), "sent no `response_url`"),
        (private, "Looking up …"),
    ];

    thread::scope(|scope| {
        for (kind, (url, told)) in questions.iter().zip(&urls) {
            let service = &service;
            scope.spawn(move || is_told(service, kind, url, told));
        }
    });

    questions
        .iter()
        .for_each(|kind| dns.release(&format!("example.test. {kind}")));

    let line = service.logged("platform rejected a message\"");
    assert!(line.contains("127.0.0.1 is in 127.0.0.0/8"), "{line}");
    assert!(receiver.is_quiet());
    let again = mattermost(&service, &[("command", "/txt"), ("text", "example.test")]);

    assert!(
        again["text"]
            .as_str()
            .expect("text")
            .starts_with("### TXT of example.test"),
        "{again}"
    );
}
