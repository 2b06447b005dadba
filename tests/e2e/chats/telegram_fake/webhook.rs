//! Updates that are sent to the bot.

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use teloxide::{payloads::SetWebhookSetters, requests::Requester, types::AllowedUpdate};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{refusal, start};

/// The secret and the body of a webhook request.
type Heard = (String, String);

/// A webhook that accepts only requests with the right secret, and forwards all requests to the
/// test.
async fn hook(
    axum::extract::State(seen): axum::extract::State<UnboundedSender<Heard>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let secret = headers
        .get("X-Telegram-Bot-Api-Secret-Token")
        .and_then(|it| it.to_str().ok());
    let right = secret == Some("s3cret");
    let _ = seen.send((secret.unwrap_or_default().to_owned(), body));
    if right {
        StatusCode::OK
    } else {
        StatusCode::UNAUTHORIZED
    }
}

#[test]
fn webhook_updates_are_repeated_until_accepted() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused: setWebhook");
    let set = |url: &str| {
        let url = url.parse().expect("a URL");
        let kinds = [AllowedUpdate::Message];
        client.run(
            client
                .bot
                .set_webhook(url)
                .secret_token("s3cret".to_owned())
                .allowed_updates(kinds),
        )
    };

    assert!(refusal(set("http://bot.example/hook")).contains("HTTPS URL must be provided"));
    assert!(
        refusal(set("https://bot.example:9/hook")).contains("only on ports 80, 88, 443 or 8443")
    );

    let (sender, mut seen) = unbounded_channel();
    let listener = client
        .run(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    telegram
        .deliver_to(listener.local_addr().expect("an address"))
        .send_secret(Some(Some("wrong")));

    let app = Router::new().route("/hook", post(hook)).with_state(sender);
    client
        .runtime
        .spawn(axum::serve(listener, app).into_future());
    set("https://bot.example/hook").expect("a webhook");
    let asked = chat.say("/help");
    telegram.wait_for_delivery(401);
    telegram.send_secret(None);
    asked.taken();
    let mut secrets = Vec::new();

    while let Ok((secret, body)) = seen.try_recv() {
        assert!(body.contains("\"text\":\"/help\""), "{body}");
        secrets.push(secret);
    }

    assert_eq!(
        (
            secrets.first().map(String::as_str),
            secrets.last().map(String::as_str)
        ),
        (Some("wrong"), Some("s3cret"))
    );

    assert_eq!(telegram.allowed_updates(), Some(vec!["message".to_owned()]));
    telegram.finish();
}
