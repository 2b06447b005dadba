use serde_json::json;

use super::*;

#[test]
fn reads_wait_and_scope_of_a_rate_limit() {
    let told = |body: Value, scope: Option<&str>, header: Option<&str>| match flood(
        &body,
        scope,
        &[header.map(str::to_owned)],
    ) {
        Refused::RateLimited { wait, everywhere } => (wait.as_millis(), everywhere),
        other => panic!("{other:?}"),
    };

    assert_eq!(
        told(
            json!({"retry_after": 0.48, "global": false}),
            Some("user"),
            Some("1")
        ),
        (500, false)
    );

    assert_eq!(
        told(
            json!({"retry_after": 1.0, "global": true}),
            Some("global"),
            Some("1")
        ),
        (1020, true)
    );

    assert_eq!(
        told(Value::Null, None, Some("60")),
        (60_020, true),
        "a proxy in front of the API"
    );

    assert_eq!(told(json!({}), Some("shared"), Some("junk")), (2020, false));
}

#[test]
fn server_errors_are_transient_and_client_errors_permanent() {
    let status = |status| {
        Refused::Status {
            status,
            code: 0,
            message: "x".into(),
        }
        .into()
    };
    assert!(matches!(status(503), SendError::Transient(_)));
    assert!(matches!(status(404), SendError::Permanent(_)));
}

#[test]
fn error_text_contains_status_code_and_message() {
    let status = |code| Refused::Status {
        status: 404,
        code,
        message: "Unknown Message".into(),
    };
    for (refused, words) in [
        (Refused::Unreached("no route".into()), "no route"),
        (
            Refused::RateLimited {
                wait: Duration::from_millis(1490),
                everywhere: true,
            },
            "rate-limited by Discord; retry in 1.5 s",
        ),
        (status(0), "status 404: Unknown Message"),
        (status(10008), "status 404, code 10008: Unknown Message"),
    ] {
        assert_eq!(refused.to_string(), words);
    }
}

#[test]
fn an_expired_interaction_token_is_not_a_wrong_bot_token() {
    let refused = |status, code| Refused::Status {
        status,
        code,
        message: String::new(),
    };
    assert!(refused(401, 0).is_unauthorized());
    assert!(!refused(401, INVALID_WEBHOOK_TOKEN).is_unauthorized());
    assert!(!refused(403, 0).is_unauthorized());
}

#[test]
fn an_invalid_wait_becomes_the_default_wait() {
    for junk in [json!(-1.0), json!(1e300), json!("soon"), Value::Null] {
        let refused = flood(&json!({ "retry_after": junk }), None, &[]);
        let Refused::RateLimited { wait, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(wait, SOME_TIME + Duration::from_millis(20));
    }
}
