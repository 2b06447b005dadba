//! Receivers that fail for long, deliveries that are sent again, and the keys that sign.

use data_encoding::BASE64;
use netvane_tests::{
    Dns, Netvane, Receiver, Scratch, Service,
    everything::{SECRET, call_back, taken},
    http::{Client, Response},
};
use ring::{
    hmac,
    signature::{ED25519, UnparsedPublicKey},
};
use serde_json::{Value, json};

use super::{ended, service};

fn send_again(service: &Service, id: &str) -> Response {
    let target = format!("POST /v1/deliveries/{id}/send");
    Client::connect(service.address).ask(&target, &[], b"")
}

#[test]
fn a_receiver_that_fails_for_long_is_disabled_until_its_delivery_is_sent_again() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    let settings = [
        ("NETVANE__HTTP__CALLBACK_DISABLE_SECONDS", "1"),
        ("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,0,0,0,2,2"),
    ];
    let first = service(&dns, &state, &settings);
    let url = receiver.url("/hook?token=CANARY");
    let id = taken(&first, "mx example.test", &url);
    let mut body = Vec::new();
    for _ in 0..5 {
        let message = receiver.next();
        body.clone_from(&message.body);
        message.answer("500 No", &[]);
    }
    let disabled = ended(&first, &id, "disabled");
    assert_eq!(disabled["attempts"].as_array().map(Vec::len), Some(5));
    assert!(disabled["disabled_until"].is_string(), "{disabled}");
    assert_eq!(disabled["send_again"], format!("/v1/deliveries/{id}/send"));
    assert!(!disabled.to_string().contains("CANARY"));

    let connections = receiver.connections();
    let other = taken(&first, "mx example.test", &receiver.url("/hook?token=2"));
    ended(&first, &other, "disabled");
    assert_eq!(receiver.connections(), connections, "no attempt is made");
    first.kill();

    let again = service(&dns, &state, &settings);
    assert_eq!(send_again(&again, "dlv_unknown").status, 404);
    assert_eq!(send_again(&again, &id).status, 202);
    let message = receiver.next();
    assert_eq!(message.line, "POST /hook?token=CANARY HTTP/1.1");
    assert_eq!((message.header("webhook-id"), &message.body), (&*id, &body));
    message.verified(SECRET);
    message.answer("200 OK", &[]);
    let delivered = ended(&again, &id, "delivered");
    assert_eq!(delivered["send_again"], Value::Null);
    assert_eq!(
        send_again(&again, &id).status,
        404,
        "nothing is left to send"
    );

    // The receiver is enabled for the others, too.
    assert_eq!(send_again(&again, &other).status, 202);
    receiver.next().answer("200 OK", &[]);
    ended(&again, &other, "delivered");
    let next = taken(&again, "mx example.test", &url);
    receiver.next().answer("200 OK", &[]);
    ended(&again, &next, "delivered");
}

#[test]
fn a_failed_delivery_is_sent_again_with_the_whole_schedule() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    let service = service(
        &dns,
        &state,
        &[("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,0")],
    );
    let id = taken(&service, "mx example.test", &receiver.url("/"));
    for round in 1..=3 {
        for _ in 0..2 {
            receiver.next().answer("500 No", &[]);
        }
        let failed = ended(&service, &id, "failed");
        assert_eq!(failed["attempts"].as_array().map(Vec::len), Some(2 * round));
        assert_eq!(send_again(&service, &id).status, 202);
        assert_eq!(send_again(&service, &id).status, 202, "already being sent");
    }
    receiver.next().answer("200 OK", &[]);
    ended(&service, &id, "delivered");
}

#[test]
fn deliveries_are_signed_with_every_key_and_a_secret_of_the_receiver() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    let private = format!("whsk_{}", BASE64.encode(&[7; 32]));
    let keys = format!("{SECRET} {private}");
    let settings = [
        ("NETVANE__HTTP__CALLBACK_SECRET", keys.as_str()),
        ("NETVANE__HTTP__CALLBACK_DERIVE", "true"),
    ];
    let service = service(&dns, &state, &settings);
    let url = receiver.url("/hook?a=1");
    let printed = Netvane::new(["key", "callback", &url, "--json"])
        .env(settings[0].0, settings[0].1)
        .env(settings[1].0, settings[1].1)
        .run()
        .json();
    let printed: Vec<&str> = printed["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let [derived, public] = printed[..] else {
        panic!("{printed:?}");
    };
    assert_ne!(derived, SECRET);
    let published = service.get("/v1/callback-keys").json();
    assert_eq!(published, json!({ "keys": [public] }));

    call_back(&service, "mx example.test", &url);
    let message = receiver.next();
    let signed = [
        message.header("webhook-id").as_bytes(),
        b".",
        message.header("webhook-timestamp").as_bytes(),
        b".",
        &message.body,
    ]
    .concat();
    let decode = |text: &str, prefix: &str| {
        let coded = text.strip_prefix(prefix).expect(prefix);
        BASE64.decode(coded.as_bytes()).expect("base64")
    };
    let signatures = message.header("webhook-signature").to_owned();
    let (first, second) = signatures.split_once(' ').expect("two");
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &decode(derived, "whsec_"));
    assert!(hmac::verify(&secret, &signed, &decode(first, "v1,")).is_ok());
    let key = UnparsedPublicKey::new(&ED25519, decode(public, "whpk_"));
    assert!(key.verify(&signed, &decode(second, "v1a,")).is_ok());
    message.answer("200 OK", &[]);
}
