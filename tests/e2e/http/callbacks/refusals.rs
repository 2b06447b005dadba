//! Callbacks that are refused: forbidden addresses, invalid requests, no secret.

use netvane_tests::{Receiver, Service, dns::ZONE, everything::call_back, until};
use serde_json::{Value, json};

use super::{Stage, delivery, ended, statuses, taken};

#[test]
fn does_not_follow_a_name_to_a_private_address() {
    let stage = Stage::new();

    // The receiver at the second address must not be contacted.
    let port = stage.receiver.address.port();
    let inside = Receiver::listen(&format!("127.0.0.2:{port}"));
    let zone = |addresses: &[&str]| {
        let record = |address: &&str| {
            let rtype = if address.contains(':') { "AAAA" } else { "A" };
            format!("ops 0 IN {rtype} {address}\n")
        };
        format!("{ZONE}{}", addresses.iter().map(record).collect::<String>())
    };

    stage.dns.change(&zone(&["127.0.0.1"]));

    // A refused address is a failed attempt like any other, because the name may change back.
    let service = stage.service(&[(
        "NETVANE__HTTP__CALLBACK_RETRY_SECONDS",
        "0,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
    )]);
    let url = format!("http://ops.example.test:{port}/hook");
    let id = taken(&service, "mx example.test", &url);

    for private in [&["127.0.0.2"][..], &["127.0.0.1", "127.0.0.2"], &["::1"]] {
        let message = stage.receiver.next();
        let before = statuses(&delivery(&service, &id)).len();
        stage.dns.change(&zone(private));
        message.answer("500 No", &["Retry-After: 0"]);
        let mut told = Value::Null;

        until("the name has turned", || {
            told = delivery(&service, &id);
            statuses(&told).len() >= before + 2
        });

        let error = told["attempts"][before + 1]["error"]
            .as_str()
            .expect("an error");
        let refused = private.last().expect("one");

        assert!(
            error.contains(&format!("ops.example.test ({refused}) is in")),
            "{told}"
        );
        stage.dns.change(&zone(&["127.0.0.1"]));
    }

    stage.receiver.next().answer("200 OK", &[]);
    ended(&service, &id, "delivered");
    assert_eq!(inside.connections(), 0);
}

#[test]
fn rejects_callbacks_to_invalid_or_private_addresses() {
    let stage = Stage::new();
    let service = stage.service(&[]);

    for (url, status, code) in [
        ("", 400, "bad_argument"),
        ("ops.example/hook", 400, "bad_argument"),
        ("ftp://ops.example/", 400, "bad_argument"),
        ("https://ann:secret@ops.example/", 400, "bad_argument"),
        ("https://ops.example/#part", 400, "bad_argument"),
        ("https://ops.example/\r\nX: y", 400, "bad_argument"),
        ("http://10.0.0.1/", 403, "refused_target"),
        (
            "http://169.254.169.254/latest/meta-data/",
            403,
            "refused_target",
        ),
        ("http://[::1]/", 403, "refused_target"),
        ("http://2130706434/", 403, "refused_target"),
        ("http://localhost/", 403, "refused_target"),
    ] {
        let problem = call_back(&service, "mx example.test", url).problem();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(status), &json!(code)),
            "{url}: {problem}"
        );
    }

    let metrics = service.get("/metrics");
    assert!(
        metrics.text().contains("netvane_deliveries_open 0"),
        "no delivery was stored"
    );
}

#[test]
fn rejects_invalid_requests_with_a_callback() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    let url = stage.receiver.url("/");

    for (body, code) in [
        (
            json!({"command": "mxx example.test", "callback": url}),
            "unknown_command",
        ),
        (json!({"command": "mx", "callback": url}), "bad_argument"),
        (
            json!({"name": "mx", "arguments": {"domain": 7}, "callback": url}),
            "bad_argument",
        ),
        (
            json!({"command": "mx example.test", "callback": 7}),
            "bad_argument",
        ),
        (
            json!({"command": "mx example.test", "callback": {"url": url}}),
            "bad_argument",
        ),
        (
            json!({"command": format!("ua {}", "x".repeat(2100)), "callback": url}),
            "too_large",
        ),
    ] {
        assert_eq!(
            service.post(body.to_string()).problem()["code"],
            code,
            "{body}"
        );
    }

    for unknown in [
        "dlv_00000000000000000000000000",
        "%ff",
        "..%2f..%2fstate",
        "x",
    ] {
        let problem = service.get(&format!("/v1/deliveries/{unknown}")).problem();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(404), &json!("not_found")),
            "{unknown}"
        );
    }

    assert!(
        service
            .get("/metrics")
            .text()
            .contains("netvane_deliveries_open 0")
    );
}

#[test]
fn rejects_callbacks_without_a_secret() {
    let stage = Stage::new();
    let url = stage.receiver.url("/");
    let without = Service::with_dns(stage.dns.address);

    for response in [
        call_back(&without, "mx example.test", &url),
        without.get("/v1/deliveries/dlv_1"),
    ] {
        let problem = response.problem();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(503), &json!("unavailable"))
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("http.callback_secret"))
        );
    }
}
