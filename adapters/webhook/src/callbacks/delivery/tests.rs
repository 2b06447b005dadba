use super::*;
use serde_json::json;

fn delivery() -> Delivery {
    Delivery {
        id: "dlv_1".into(),
        command: "mx".into(),
        url: "https://ops.example:8443/hook?token=CANARY"
            .parse()
            .expect("a URL"),
        question: Some(StoredRequest {
            input: Input::Text("/mx example.com".into()),
            caller: Caller {
                address: Some([192, 0, 2, 1].into()),
                ..Caller::default()
            },
        }),
        state: DeliveryState::Queued,
        created: "2026-01-02T03:04:05.678Z".parse().expect("a time"),
        attempts: Vec::new(),
        next_attempt: None,
        most: 1000,
        own: false,
        client: Some(Caller {
            address: Some([192, 0, 2, 1].into()),
            ..Caller::default()
        }),
        earlier_attempts: 0,
        disabled_until: None,
    }
}

#[test]
fn a_stored_delivery_reads_back_unchanged() {
    let mut delivery = delivery();
    for outcome in [
        DeliveryResult::Status(500),
        DeliveryResult::Error("it closed the connection".into()),
    ] {
        let at = delivery.created;
        delivery.attempts.push(Attempt {
            at,
            outcome,
            elapsed_ms: 7,
        });
    }
    let kept = serde_json::to_vec(&delivery).expect("serializes");
    assert_eq!(
        serde_json::from_slice::<Delivery>(&kept).expect("reads"),
        delivery
    );
}

#[test]
fn status_shows_neither_the_query_nor_the_request() {
    let mut delivery = delivery();
    delivery.attempts.push(Attempt {
        at: delivery.created,
        outcome: DeliveryResult::Status(302),
        elapsed_ms: 7,
    });
    assert_eq!(
        serde_json::to_value(delivery.status(false)).expect("serializes"),
        json!({
            "id": "dlv_1", "state": "queued", "command": "mx", "callback": "https://ops.example:8443/hook",
            "created": "2026-01-02T03:04:05.678Z",
            "attempts": [{"at": "2026-01-02T03:04:05.678Z", "status": 302, "elapsed_ms": 7}],
            "next_attempt": null, "disabled_until": null, "send_again": null,
        })
    );
    delivery.start_delivery();
    delivery.finish(DeliveryState::Gone);
    let kept = serde_json::to_string(&delivery).expect("serializes");
    assert!(
        !kept.contains("CANARY") && !kept.contains("192.0.2.1") && !kept.contains("/mx"),
        "{kept}"
    );
}

#[test]
fn setting_the_clock_back_does_not_delay_attempts() {
    let mut delivery = delivery();
    let second = |second: i64| delivery.created + jiff::SignedDuration::from_secs(second);
    let (early, created, planned, late) = (second(-86_400), second(0), second(300), second(86_400));
    assert_eq!(delivery.wait(created), None);
    delivery.attempts.push(Attempt {
        at: created,
        outcome: DeliveryResult::Status(500),
        elapsed_ms: 7,
    });
    delivery.next_attempt = Some(planned);
    for (now, seconds) in [(early, 300), (created, 300), (planned, 0), (late, 0)] {
        assert_eq!(
            delivery.wait(now),
            Some(Duration::from_secs(seconds)),
            "{now}"
        );
    }
}

#[test]
fn ids_are_long_and_unique() {
    let (one, other) = (id().expect("random"), id().expect("random"));
    assert_eq!((one.len(), one.contains('.')), (30, false), "{one}");
    assert_ne!(one, other);
}
