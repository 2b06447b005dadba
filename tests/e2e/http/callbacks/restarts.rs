//! Deliveries survive a kill, a shutdown and a change of keys.

use std::collections::BTreeSet;

use netvane_tests::{Scratch, Service, everything::SECRET, until};
use serde_json::json;

use super::{Stage, delivery, ended, statuses, taken};

#[test]
fn a_kill_loses_no_callback() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    stage.dns.hold("example.test. MX");
    let ids: BTreeSet<String> = (0..20)
        .map(|n| {
            taken(
                &service,
                "mx example.test",
                &stage.receiver.url(&format!("/{n}")),
            )
        })
        .collect();

    service.kill();
    stage.dns.release("example.test. MX");

    let service = stage.service(&[]);
    let mut arrived = BTreeSet::new();

    while arrived.len() < ids.len() {
        let message = stage.receiver.next();
        assert_eq!(
            message.verified(SECRET)["data"]["data"]["hosts"][0]["exchange"],
            "mail1.example.test"
        );
        assert!(
            arrived.insert(message.header("webhook-id").to_owned()),
            "once each"
        );
        message.answer("200 OK", &[]);
    }

    assert_eq!(arrived, ids);
    for id in &ids {
        ended(&service, id, "delivered");
    }
}

#[test]
fn a_delivery_interrupted_by_a_kill_is_repeated_unchanged() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    let id = taken(&service, "mx example.test", &stage.receiver.url("/hook"));
    stage.receiver.next().answer("500 No", &[]);
    let first = stage.receiver.next();
    service.kill();

    let service = stage.service(&[]);
    let again = stage.receiver.next();
    again.verified(SECRET);
    assert_eq!(again.header("webhook-id"), id);
    assert_eq!(
        again.body, first.body,
        "the reply is that of the first lookup"
    );
    again.answer("200 OK", &[]);
    assert_eq!(statuses(&ended(&service, &id, "delivered")), [500, 200]);
    let asked = stage.dns.asked();

    assert_eq!(
        asked
            .iter()
            .filter(|question| *question == "example.test. MX")
            .count(),
        1,
        "{asked:?}"
    );

    service.kill();
    assert_eq!(
        statuses(&ended(&stage.service(&[]), &id, "delivered")),
        [500, 200],
        "the state does not change any more"
    );
}

#[test]
fn a_shutdown_completes_running_attempts_and_keeps_the_rest() {
    let stage = Stage::new();
    let waits = [("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,3600")];
    let service = stage.service(&waits);
    let waiting = taken(&service, "mx example.test", &stage.receiver.url("/waiting"));
    stage.receiver.next().answer("500 No", &[]);
    until("the answer is written down", || {
        statuses(&delivery(&service, &waiting)) == [500]
    });

    let under_way = taken(
        &service,
        "mx example.test",
        &stage.receiver.url("/under-way"),
    );

    let message = stage.receiver.next();
    service.signal("TERM");
    service.logged("shutting down");
    message.answer("200 OK", &[]);
    assert_eq!(service.ended(), Some(0));

    let service = stage.service(&waits);
    assert_eq!(statuses(&ended(&service, &under_way, "delivered")), [200]);
    let waiting = delivery(&service, &waiting);

    assert_eq!(
        (&waiting["state"], statuses(&waiting)),
        (&json!("delivering"), vec![&json!(500)])
    );
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn keys_of_callbacks_are_replaced_while_the_service_runs() {
    let (stage, scratch) = (Stage::new(), Scratch::new());
    let write = |keys: &str| {
        scratch.file(
            "netvane.toml",
            format!("[http]\ncallback_secret = {keys}\n"),
        )
    };
    let file = write(&format!("{SECRET:?}"));
    let (dns, state) = (
        stage.dns.address.to_string(),
        stage.state.path().display().to_string(),
    );
    let service = Service::start(&[
        ("NETVANE_CONFIG", file.to_str().expect("a path")),
        ("NETVANE__DNS__SERVERS", dns.as_str()),
        ("NETVANE__STATE__DIRECTORY", state.as_str()),
        ("NETVANE__POLICY__ALLOW", "127.0.0.1/32"),
    ]);
    let deliver = || {
        taken(&service, "mx example.test", &stage.receiver.url("/"));
        let message = stage.receiver.next();
        let signatures = message.header("webhook-signature").to_owned();
        message.answer("200 OK", &[]);
        signatures
    };
    let public_keys = || service.get("/v1/callback-keys").json()["keys"].clone();
    assert!(deliver().starts_with("v1,"));
    assert_eq!(public_keys(), json!([]));

    // Both sign during the rotation, then the new one alone.
    let new = format!("whsk_{}", data_encoding::BASE64.encode(&[7; 32]));
    write(&format!("[{SECRET:?}, {new:?}]"));
    service.signal("HUP");
    until("the new key is published", || public_keys() != json!([]));
    let both = deliver();
    assert!(both.starts_with("v1,") && both.contains(" v1a,"), "{both}");
    write(&format!("{new:?}"));
    service.signal("HUP");
    until("the new key signs alone", || deliver().starts_with("v1a,"));

    // Without a key, callbacks go on with the last one.
    write("\"\"");
    service.signal("HUP");
    service.logged("callback keys not removed before a restart");
    assert!(deliver().starts_with("v1a,"));
}
