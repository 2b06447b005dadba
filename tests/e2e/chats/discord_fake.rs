//! Tests of the fake of Discord itself, with serenity as the client: what it accepts and what it
//! refuses.

mod bot;
mod interactions;
mod refusals;
mod signed_requests;

use netvane_tests::{Discord, http::Client as Raw};
use serde_json::Value;
use serenity::all::{CreateEmbed, CreateInteractionResponse, CreateInteractionResponseMessage};

fn defer() -> CreateInteractionResponse {
    CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new())
}

fn embed() -> CreateEmbed {
    CreateEmbed::new()
        .title("example.com")
        .field("MX", "mail.example.com", false)
}

/// Sends one request as a different client than serenity would.
fn raw(discord: &Discord, target: &str, body: &Value) -> (u16, Value) {
    let (method, path) = target.split_once(' ').expect("a method and a path");
    let authorization = format!("Bot {}", discord.token());
    let headers = [
        ("Authorization", authorization.as_str()),
        ("User-Agent", "DiscordBot (https://example.com, 1)"),
        ("Content-Type", "application/json"),
    ];

    let address = discord
        .url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");

    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };

    let response = Raw::connect(address).ask(
        &format!("{method} /api/v10{path}"),
        &headers,
        body.as_bytes(),
    );

    (
        response.status,
        serde_json::from_slice(&response.body).unwrap_or_default(),
    )
}

/// Takes the violations, which must be exactly one that contains this text.
#[track_caller]
fn fault(discord: &Discord, text: &str) {
    let violations = discord.take_violations();
    assert!(
        matches!(&violations[..], [one] if one.contains(text)),
        "{text}: {violations:#?}"
    );
}
