//! Signatures of Slack, tokens of Mattermost and Rocket.Chat.

use data_encoding::HEXLOWER;
use netvane_tests::{
    Scratch, Service,
    http::{Client, Response},
};
use ring::hmac;
use serde_json::{Value, json};

use super::{SECRET, SLACK, TOKENS, form, now, send, signed};

const TOKEN: &str = "xr3j5x3p4pfk7kk6ck7b4e6ghh";

pub(super) fn tag(secret: &str, at: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!(
        "v0={}",
        HEXLOWER.encode(hmac::sign(&key, format!("v0:{at}:{body}").as_bytes()).as_ref())
    )
}

pub(super) fn mattermost(service: &Service, fields: &[(&str, &str)]) -> Value {
    let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("token", TOKEN)]).collect();
    send(service, &[], &form(&fields)).json()
}

#[track_caller]
fn refused(response: &Response) -> String {
    assert_eq!(response.status, 401, "{}", response.text());
    assert_eq!(response.header("www-authenticate"), "");
    response.problem()["detail"]
        .as_str()
        .expect("a detail")
        .to_owned()
}

#[test]
fn explains_itself_if_not_configured() {
    let service = Service::start(&[]);
    let problem = send(&service, &[], &form(&[("command", "/mx")])).problem();
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(503), &json!("unavailable"))
    );
    assert!(
        problem["detail"]
            .as_str()
            .expect("a detail")
            .contains("`http.slack_signing_secret`"),
        "{problem}"
    );
    assert_eq!(service.get("/hooks/slack").status, 405);
}

#[test]
fn a_signature_is_not_accepted_again_after_a_restart() {
    let scratch = Scratch::new();
    let state = scratch.path().display().to_string();
    let start = || Service::start(&[SLACK, ("NETVANE__STATE__DIRECTORY", &state)]);
    let body = form(&[("command", "/help"), ("text", "mx")]);
    let at = now();
    let service = start();
    signed(&service, at, &body).json();
    service.kill();

    let service = start();
    assert_eq!(
        refused(&signed(&service, at, &body)),
        "this request was used before"
    );
    signed(&service, at + 1, &body).json();
}

#[test]
fn accepts_only_fresh_signatures_once() {
    let service = Service::start(&[SLACK]);
    let body = form(&[("command", "/help"), ("text", "mx")]);
    let at = now();
    signed(&service, at, &body).json();
    assert_eq!(
        refused(&signed(&service, at, &body)),
        "this request was used before"
    );
    assert!(refused(&signed(&service, at - 310, &body)).contains("is stale"));
    assert!(refused(&signed(&service, at + 330, &body)).contains("ahead"));
    let (time, right) = (at.to_string(), tag(SECRET, at, &body));
    let other = tag("another secret of another app", at, &body);
    let wrong = [
        ("X-Slack-Signature", other.as_str()),
        ("X-Slack-Request-Timestamp", &time),
    ];
    assert!(refused(&send(&service, &wrong, &body)).contains("does not match"));
    let pair = [
        ("X-Slack-Signature", right.as_str()),
        ("X-Slack-Request-Timestamp", &time),
    ];
    assert!(refused(&send(&service, &pair, &(body.clone() + "&x=1"))).contains("does not match"));
    assert!(refused(&send(&service, &pair[..1], &body)).contains("is missing"));
    assert!(refused(&send(&service, &[], &body)).contains("is missing"));
    for index in 0..2 {
        let twice = [pair[0], pair[1], pair[index]];
        assert!(refused(&send(&service, &twice, &body)).contains("twice"));
    }

    // A token does not replace the signature.
    let with_token = form(&[("command", "/help"), ("token", SECRET)]);
    assert!(refused(&send(&service, &[], &with_token)).contains("is missing"));
    let both = Service::start(&[SLACK, TOKENS]);
    let with_token = form(&[("command", "/help"), ("token", TOKEN)]);
    assert!(refused(&send(&both, &wrong, &with_token)).contains("does not match"));
    send(&both, &[], &with_token).json();
}

#[test]
fn mattermost_and_rocket_chat_send_a_token() {
    let service = Service::start(&[TOKENS]);
    let message = mattermost(&service, &[("command", "/netvane"), ("text", "help mx")]);
    assert_eq!(message["response_type"], "ephemeral");
    let text = message["text"].as_str().expect("markdown");

    assert!(
        text.starts_with("### /netvane mx ") && message.get("blocks").is_none(),
        "{message}"
    );

    let body = form(&[("command", "/help")]);
    let header = format!("Token {TOKEN}");
    send(&service, &[("Authorization", &header)], &body).json();
    let rocket = json!({"token": TOKEN, "text": "!net help mx", "trigger_word": "!net", "user_id": "u", "bot": false});
    let headers = [("Content-Type", "application/json")];
    let response = Client::connect(service.address).ask(
        "POST /hooks/slack",
        &headers,
        rocket.to_string().as_bytes(),
    );

    let response = response.json();
    let spelled = response["text"].as_str().expect("markdown");
    assert_eq!(
        spelled
            .replace("\\!net", "/netvane")
            .replace("!net", "/netvane"),
        text,
        "the spelling that was typed"
    );
    for wrong in [
        "",
        "x",
        &TOKEN[..25],
        &TOKEN.to_uppercase(),
        "another-token-of-another-team,",
    ] {
        let told = refused(&send(
            &service,
            &[],
            &form(&[("command", "/help"), ("token", wrong)]),
        ));
        assert!(told.contains("nor a token"), "{told}");
    }

    let wrong = [("Authorization", "Token x")];
    refused(&send(&service, &wrong, &form(&[("token", TOKEN)])));
    let twice = send(&service, &[], &form(&[("token", "x"), ("token", TOKEN)])).problem();
    assert_eq!(twice["detail"], "a field of the form is there twice");
    let kind = [("Content-Type", "text/plain")];
    let other = Client::connect(service.address).ask("POST /hooks/slack", &kind, body.as_bytes());
    assert_eq!(other.problem()["status"], 400);
    let large = send(&service, &[], &"x".repeat(600_000));
    assert_eq!(large.problem()["code"], "too_large");
    assert!(!service.log().contains(TOKEN));
}
