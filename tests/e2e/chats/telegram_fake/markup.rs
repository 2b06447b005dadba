//! Formatted text as the platform reads it, and the links that it finds in text.

use teloxide::{payloads::SendMessageSetters, requests::Requester, types::ChatId};

use super::{no_preview, refusal, start};

/// Markup that is refused, with the error.
const BROKEN_MARKUP: [(&str, &str); 8] = [
    ("a <c>b</c>", "Unsupported start tag \"c\" at byte offset 2"),
    ("a < b", "Unsupported start tag \"\" at byte offset 2"),
    (
        "<b>a",
        "Can't find end tag corresponding to start tag \"b\"",
    ),
    ("a</b>", "Unexpected end tag at byte offset 1"),
    (
        "<b>a</i>",
        "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"",
    ),
    (
        "<span class=\"x\">a</span>",
        "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0",
    ),
    (
        "<a href=x:y>a</a>",
        "Unexpected end of name token at byte offset 8",
    ),
    ("<b", "Unclosed start tag at byte offset 0"),
];

#[test]
fn refuses_broken_markup_as_the_platform_does() {
    let (telegram, client, chat) = start();
    telegram
        .forgive("can't parse entities")
        .forgive("text must be non-empty");

    for (text, why) in BROKEN_MARKUP {
        let told = refusal(client.html(&chat, text));
        assert!(
            told.contains(&format!("can't parse entities: {why}")),
            "{text}: {told}"
        );
    }

    assert!(refusal(client.html(&chat, "<b> </b>")).contains("text must be non-empty"));
    telegram.finish();
}

#[test]
fn parses_markup_as_the_platform_does() {
    let (telegram, client, chat) = start();
    let nested = "<b>a<code>b&lt;</code>c</b> <pre><code class=\"language-rust\">x</code></pre> &#x1f600;<tg-spoiler>\
        &quot;</tg-spoiler><blockquote expandable>q</blockquote>";
    let sent = client.html(&chat, nested).expect("a message");
    let seen = chat.wait_for(|message| message.id == i64::from(sent.id.0));
    assert_eq!(seen.text, "ab<c x \u{1f600}\"q");
    let parts: Vec<_> = seen
        .entities
        .iter()
        .map(|it| (it.kind.as_str(), it.offset, it.text.as_str()))
        .collect();

    let quote = ("expandable_blockquote", 10, "q");
    let expected = [
        ("bold", 0, "a"),
        ("code", 1, "b<"),
        ("bold", 3, "c"),
        ("pre", 5, "x"),
        ("spoiler", 9, "\""),
        quote,
    ];

    assert_eq!(parts, expected);
    assert_eq!(seen.entities[3].argument.as_deref(), Some("rust"));
    telegram.finish();
}

#[test]
fn finds_everything_that_looks_like_a_link() {
    let (telegram, client, chat) = start();
    let text = "see example.com, http://x.test/a?b. or 192.0.2.1 @somebody #tag /mx me@example.com v1.2 file.nosuchtld \
        <code>code.com @nobody</code> <a href=\"https://example.org/\">there</a>";
    client.html(&chat, text).expect("a message");
    let seen = chat.wait_for(|_| true);

    assert_eq!(
        seen.live_parts(),
        [
            "url: example.com",
            "url: http://x.test/a?b",
            "url: 192.0.2.1",
            "mention: @somebody",
            "hashtag: #tag",
            "bot_command: /mx",
            "email: me@example.com",
        ]
    );

    assert_eq!(
        seen.clickable()[0].argument.as_deref(),
        Some("https://example.org/")
    );
    assert_eq!(
        telegram.violations().len(),
        1,
        "{:?}",
        telegram.violations()
    );

    telegram.forgive("a preview of");
    client
        .run(
            client
                .bot
                .send_message(ChatId(chat.id), "example.com")
                .link_preview_options(no_preview()),
        )
        .expect("a message");

    telegram.finish();
}
