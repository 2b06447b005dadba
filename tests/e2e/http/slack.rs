//! `/hooks/slack`, as Slack, Mattermost and Rocket.Chat call it, and the later replies.

mod later_replies;
mod replies;
mod signatures;

use std::time::{SystemTime, UNIX_EPOCH};

use netvane_tests::{
    Service,
    http::{Client, Response},
};
use serde_json::Value;
use signatures::tag;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SLACK: (&str, &str) = ("NETVANE__HTTP__SLACK_SIGNING_SECRET", SECRET);

const TOKENS: (&str, &str) = (
    "NETVANE__HTTP__SLASH_TOKENS",
    "another-token-of-another-team,xr3j5x3p4pfk7kk6ck7b4e6ghh",
);
const ALLOW: (&str, &str) = ("NETVANE__POLICY__ALLOW", "127.0.0.0/8");

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("user_id", "U1"),
        ("channel_id", "C1"),
        ("team_id", "T1"),
        ("trigger_id", "1.2.x"),
    ]);
    form.extend_pairs(fields.iter().copied()).finish()
}

fn send(service: &Service, headers: &[(&str, &str)], body: &str) -> Response {
    let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    Client::connect(service.address).ask("POST /hooks/slack", &all, body.as_bytes())
}

fn signed(service: &Service, at: u64, body: &str) -> Response {
    let (tag, at) = (tag(SECRET, at, body), at.to_string());
    send(
        service,
        &[
            ("X-Slack-Signature", &tag),
            ("X-Slack-Request-Timestamp", &at),
        ],
        body,
    )
}

fn slack(service: &Service, fields: &[(&str, &str)]) -> Value {
    signed(service, now(), &form(fields)).json()
}

fn title(message: &Value) -> &str {
    message["blocks"][0]["text"]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no title: {message}"))
}
