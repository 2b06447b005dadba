//! Previews of kept results where their links are posted: Open Graph metadata and an image.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use maud::{Markup, html};
use moka::sync::Cache;
use netvane_core::{
    Failure, Reply,
    document::{
        Document,
        render::{alt, card_png, printable_line},
    },
};
use tokio::sync::Semaphore;

use crate::response::problem;

/// Width and height of the image in pixels.
const SIZE: (u32, u32) = (1200, 630);

/// Longest title and description in characters; services show less.
const MAX_TITLE: usize = 120;
const MAX_DESCRIPTION: usize = 300;

/// Limit in bytes of all cached images together.
const MAX_CACHED: u64 = 8 << 20;
/// Time after which an image is drawn again; a new version may present its result differently.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Time to wait until other images are drawn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Part of the User-Agent of services that fetch a page to show a preview of it. Most of them accept anything, as
/// scripts do.
const SERVICES: [&str; 18] = [
    "facebookexternalhit",
    "facebot",
    "twitterbot",
    "telegrambot",
    "discordbot",
    "slackbot",
    "slack-imgproxy",
    "whatsapp",
    "linkedinbot",
    "skypeuripreview",
    "mattermost",
    "rocket.chat",
    "synapse",
    "mastodon",
    "redditbot",
    "pinterest",
    "vkshare",
    "embedly",
];

/// Whether the client fetches a page for its preview.
pub(super) fn is_for_preview(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| {
        let agent = agent.to_ascii_lowercase();
        SERVICES.iter().any(|service| agent.contains(service))
    })
}

/// Renders the metadata of the page of a result; `url` is its absolute URL.
pub(super) fn metadata(document: &Document, url: &str) -> Markup {
    let title = shortened(&document.title, MAX_TITLE);
    let description = shortened(&document.summary, MAX_DESCRIPTION);
    let image = format!("{url}/image.png");
    let in_words = alt(document).unwrap_or_else(|| format!("{title}: {description}"));
    html! {
        meta property="og:type" content="website";
        meta property="og:site_name" content="Netvane";
        meta property="og:url" content=(url);
        meta property="og:title" content=(title);
        meta property="og:description" content=(description);
        meta property="og:image" content=(image);
        meta property="og:image:type" content="image/png";
        meta property="og:image:width" content=(SIZE.0);
        meta property="og:image:height" content=(SIZE.1);
        meta property="og:image:alt" content=(shortened(&in_words, MAX_DESCRIPTION));
        meta name="twitter:card" content="summary_large_image";
        meta name="description" content=(description);
    }
}

fn shortened(text: &str, most: usize) -> String {
    let text = printable_line(text);
    if text.chars().count() <= most {
        return text.into_owned();
    }
    text.chars().take(most - 1).collect::<String>() + "…"
}

/// Images of results by their id. Which results exist is checked before.
static IMAGES: LazyLock<Cache<String, Bytes>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(MAX_CACHED)
        .weigher(|_, image: &Bytes| u32::try_from(image.len()).unwrap_or(u32::MAX))
        .time_to_live(LIFETIME)
        .build()
});

/// Images are drawn one at a time, so that requests for many of them leave the other processors free.
static DRAWING: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));

/// Responds with the image of a result, drawn off the async threads and kept for the next request.
pub(super) async fn image(id: &str, reply: Reply) -> Response {
    if let Some(image) = IMAGES.get(id) {
        return png(image);
    }

    let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, DRAWING.clone().acquire_owned()).await
    else {
        return problem::failure(&Failure::Unavailable(
            "too many images are requested".into(),
        ));
    };
    // Another request may have drawn it.
    if let Some(image) = IMAGES.get(id) {
        return png(image);
    }
    let drawn = tokio::task::spawn_blocking(move || {
        // The thread holds the permit: a client that disconnects does not make room for more work.
        let _permit = permit;
        card_png(reply.document())
    });

    match drawn.await {
        Ok(Some(image)) => {
            let image = Bytes::from(image);
            IMAGES.insert(id.to_owned(), image.clone());
            png(image)
        }
        _ => problem::failure(&Failure::Internal),
    }
}

fn png(image: Bytes) -> Response {
    let fields = [
        (header::CONTENT_TYPE, "image/png"),
        // Deleted results disappear within minutes.
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (StatusCode::OK, fields, image).into_response()
}

#[cfg(test)]
mod tests {
    use netvane_core::document::Severity;

    use super::*;

    #[test]
    fn recognizes_services_that_show_previews() {
        let is_for_preview = |agent: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
            is_for_preview(&headers)
        };
        for agent in [
            "TelegramBot (like TwitterBot)",
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "facebookexternalhit/1.1",
            "WhatsApp/2.24.6.77 A",
        ] {
            assert!(is_for_preview(agent), "{agent}");
        }
        for agent in ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", ""] {
            assert!(!is_for_preview(agent), "{agent}");
        }
    }

    #[test]
    fn metadata_is_escaped_and_bounded() {
        let hostile = "\"><script>\u{202e}".repeat(100);
        let document = Document::new(hostile.clone(), hostile, Severity::Good);
        let written = metadata(&document, "https://netvane.example/r/x").into_string();
        assert!(
            !written.contains("<script") && !written.contains('\u{202e}'),
            "{written}"
        );
        assert!(written.contains(
            r#"<meta property="og:image" content="https://netvane.example/r/x/image.png">"#
        ));
        assert!(written.len() < 6000, "{} bytes", written.len());
    }
}
