//! Signed requests: each is accepted once, while it is fresh.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use netvane_tests::{Scratch, Service, http::Client};
use ring::hmac;
use serde_json::json;

use super::{CLOSED, KEYS, OLD, QUESTION, ask, bearer, hash, post, refused};

const SECRETS: &str = "NETVANE__HTTP__INBOUND_SECRETS";

/// Returns a secret for the settings, made of one repeated byte.
fn secret(byte: u8) -> String {
    format!("whsec_{}", BASE64.encode(&[byte; 32]))
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

struct Signed {
    id: String,
    timestamp: String,
    signature: String,
}

impl Signed {
    fn new(byte: u8, id: &str, timestamp: impl ToString, body: &str) -> Self {
        let timestamp = timestamp.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        Self {
            id: id.to_owned(),
            timestamp,
            signature: format!("v1,{}", BASE64.encode(tag.as_ref())),
        }
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        vec![
            ("webhook-id", &self.id),
            ("webhook-timestamp", &self.timestamp),
            ("webhook-signature", &self.signature),
        ]
    }
}

/// State directory in which used signatures are remembered.
struct Remembered(Scratch);

impl Remembered {
    /// Starts a closed service with the secrets of the bytes 1 and 2; one at a time.
    fn service(&self) -> Service {
        let secrets = format!("{},{}", secret(1), secret(2));
        let state = self.0.path().join("state").display().to_string();

        Service::start(&[
            CLOSED,
            (SECRETS, secrets.as_str()),
            ("NETVANE__STATE__DIRECTORY", state.as_str()),
        ])
    }
}

/// Returns why a signed request is refused.
#[track_caller]
fn fault(service: &Service, signed: &Signed) -> String {
    let (status, detail, _) = refused(&post(service, &signed.headers()));
    assert_eq!(status, 401, "{detail}");
    detail
}

#[test]
fn a_signature_replaces_a_key_exactly_once() {
    let remembered = Remembered(Scratch::new());
    let service = remembered.service();

    assert_eq!(
        refused(&post(&service, &[])).1,
        "authentication required: send an API key as `Authorization: Bearer nvk_…`, or sign the request (Standard Webhooks)"
    );

    let first = Signed::new(1, "msg_1", now(), QUESTION);
    post(&service, &first.headers()).json();
    post(
        &service,
        &Signed::new(2, "msg_2", now(), QUESTION).headers(),
    )
    .json();

    assert_eq!(
        fault(&service, &first),
        "this `webhook-id` was used before; each request needs a new one"
    );
    assert!(
        fault(&service, &Signed::new(1, "msg_1", now(), QUESTION)).contains("was used before"),
        "signed again"
    );

    let get = Signed::new(2, "msg_5", now(), "/v1/commands/help?command=mx");
    for other in ["help", "help?command=a", "port?port=22"] {
        let target = format!("GET /v1/commands/{other}");
        assert_eq!(ask(&service, &target, &get.headers(), "").status, 401);
    }

    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help?command=mx",
            &get.headers(),
            ""
        )
        .json()["command"],
        "help"
    );
    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help?command=mx",
            &get.headers(),
            ""
        )
        .status,
        401
    );

    assert_eq!(service.stop(), Some(0));
    let service = remembered.service();

    assert!(
        refused(&post(&service, &first.headers()))
            .1
            .contains("was used before"),
        "after a restart"
    );
}

#[test]
fn rejects_invalid_signatures() {
    let service = Remembered(Scratch::new()).service();
    let fault = |signed: Signed| fault(&service, &signed);

    assert!(fault(Signed::new(3, "msg_3", now(), QUESTION)).contains("does not match"));
    assert!(fault(Signed::new(1, "msg_3", now(), "{}")).contains("does not match"));
    let both = Signed::new(1, "msg_3", now(), QUESTION);
    let both = Signed {
        signature: format!("v1a,x v1,AAAA {}", both.signature),
        ..both
    };
    post(&service, &both.headers()).json();
    assert!(fault(Signed::new(1, "old", now() - 310, QUESTION)).contains("is stale: 31"));
    assert!(fault(Signed::new(1, "new", now() + 330, QUESTION)).contains("ahead of this clock"));
    assert!(fault(Signed::new(1, "odd", "soon", QUESTION)).contains("whole seconds"));
    assert!(
        fault(Signed::new(1, &"i".repeat(257), now(), QUESTION)).contains("1 to 256 characters")
    );

    // Fields that cannot be verified must not be used in place of valid ones.
    post(&service, &Signed::new(1, "old", now(), QUESTION).headers()).json();

    let whole = Signed::new(1, "msg_4", now(), QUESTION);

    for index in 0..3 {
        let mut headers = whole.headers();
        let (name, _) = headers.remove(index);
        let told = refused(&post(&service, &headers)).1;
        assert_eq!(told, format!("`{name}` is missing"));
        let mut headers = whole.headers();
        headers.push(whole.headers()[index]);
        let told = refused(&post(&service, &headers)).1;
        assert_eq!(told, format!("`{name}` is there twice"));
    }
}

#[test]
fn only_one_of_many_concurrent_replays_is_accepted() {
    let service = Service::start(&[(SECRETS, &secret(1))]);
    let signed = Signed::new(1, "msg_1", now(), QUESTION);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let requesters: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| post(&service, &signed.headers()).status))
            .collect();
        requesters
            .into_iter()
            .map(|requester| requester.join().expect("no panic"))
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count(),
        15,
        "{statuses:?}"
    );
}

#[test]
fn signatures_are_ignored_without_configured_secrets() {
    let wrong = Signed::new(9, "msg_1", now(), "other");
    post(&Service::start(&[]), &wrong.headers()).json();
    let service = Service::start(&[(SECRETS, &secret(1)), (KEYS, &hash(OLD))]);
    post(&service, &[]).json();
    let (status, _, _) = refused(&post(&service, &wrong.headers()));
    assert_eq!(status, 401, "a wrong signature is not treated as anonymous");
    let key = bearer(OLD);
    let mut with_key = wrong.headers();
    with_key.push(("Authorization", &key));
    assert_eq!(
        post(&service, &with_key).status,
        401,
        "a valid key does not excuse a wrong signature"
    );
}

#[test]
fn rejects_bodies_that_are_too_large_or_too_slow() {
    let settings = [
        (SECRETS, &*secret(1)),
        ("NETVANE__HTTP__READ_TIMEOUT_MS", "1000"),
    ];
    let service = Service::start(&settings);

    // A declared length is refused at once, before any of the body is sent.
    let mut client = Client::connect(service.address);
    client.send("POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n");
    let problem = client.response().expect("an answer at once").problem();

    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(413), &json!("too_large"))
    );

    for nonsense in [
        "zz\r\n\r\n",
        "-1\r\n\r\n",
        "5\r\nabcdefgh\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n\r\n",
    ] {
        let mut client = Client::connect(service.address);
        client.send(format!(
            "POST /v1/commands HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{nonsense}"
        ));
        let (status, _) = client.head().expect("an answer");
        assert_eq!(status, 400, "{nonsense:?}");
    }

    // A signed request whose body arrives too slowly.
    let signed = Signed::new(1, "slow", now(), QUESTION);
    let fields: String = signed
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();

    let mut client = Client::connect(service.address);
    client.send(format!(
        "POST /v1/commands HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: 22\r\n\r\n{{"
    ));
    assert_eq!(
        client.response().expect("an answer").problem()["code"],
        "timeout"
    );
    post(&service, &signed.headers()).json();
    for path in [
        "/v1/commands/..%2f..%2fhelp",
        "/v1/commands/%2e%2e/metrics",
        "/v1//commands/help",
        "/V1/commands/help",
    ] {
        let status = service.get(path).status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
}
