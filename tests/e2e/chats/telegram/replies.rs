//! Replies to commands: texts, buttons, files and mistakes.

use netvane_tests::{Dns, telegram::User};

use super::{Bot, answered};

/// A zone with text that must not be clickable in a chat.
const HOSTILE: &str = r#"
$TTL 60
@ IN SOA ns1.hostile.test. hostmaster.hostile.test. 7 7200 3600 1209600 60
@ IN NS ns1.hostile.test.
@ IN TXT "<b>bold</b> <a href='https://evil.example'>x</a> @everyone /start #tag https://evil.example joe@evil.example </pre></code>"
"#;

#[test]
fn a_lookup_is_answered_and_its_buttons_run_follow_ups() {
    let bot = Bot::start();
    let ann = bot.ann();
    let answer = ann.say("/mx example.test").wait_for(answered);

    assert!(
        answer.text.starts_with("✅ MX of example.test"),
        "{}",
        answer.text
    );

    assert!(
        answer.text.contains("mail1.example.test"),
        "{}",
        answer.text
    );

    assert_eq!(
        answer.live_parts(),
        [""; 0],
        "nothing is clickable by itself"
    );

    let labels: Vec<&str> = answer
        .buttons()
        .map(|button| button.text.as_str())
        .collect();

    assert!(
        labels.starts_with(&["spf", "mailcheck"])
            && labels.contains(&"dns")
            && !labels.contains(&"mx"),
        "{labels:?}"
    );

    let pressed = ann.press(&answer, "dns");
    pressed.answer();
    let everything = ann.wait_for(|message| {
        message.text.contains("example.test") && answered(message) && message.id != answer.id
    });

    assert!(
        everything.text.contains("ca.example") || everything.attachment.is_some(),
        "{}",
        everything.text
    );

    ann.press(&answer, "Raw").answer();
    let file = ann.wait_for(|message| message.attachment.is_some());

    assert!(
        file.attachment
            .expect("a file")
            .text()
            .contains("\"preference\"")
    );

    bot.finish();
}

#[test]
fn prompts_for_a_missing_argument_and_explains_mistakes() {
    let bot = Bot::start();
    let ann = bot.ann();
    let prompt = ann.say("/mx").reply();
    assert!(prompt.force_reply.is_some(), "{prompt:?}");
    let answer = ann.reply_to(&prompt, "example.test").wait_for(answered);

    assert!(
        answer.text.contains("mail1.example.test"),
        "{}",
        answer.text
    );

    let mistake = ann.say("/mx example..test").reply();
    assert!(mistake.text.contains("empty label"), "{}", mistake.text);
    assert!(
        mistake
            .buttons()
            .any(|button| button.text.contains("/mx example.test")),
        "{:?}",
        mistake.keyboard
    );

    let unknown = ann.say("/mxx example.test").reply();
    assert!(unknown.text.contains("did you mean"), "{}", unknown.text);
    let offered = ann.say("what about mail1.example.test?").reply();

    assert!(
        offered.buttons().any(|button| button.text.contains("dns")),
        "{:?}",
        offered.keyboard
    );

    bot.finish();
}

#[test]
fn a_reply_takes_its_target_from_the_message_replied_to() {
    let bot = Bot::start();
    let group = bot.telegram.group(-77).by(&User::new(42, "Ann"));
    let asked = group.say("/mx example.test");
    let answer = asked.wait_for(answered);
    let again = group.reply_to(&answer, "/txt").wait_for(|message| {
        answered(message)
            || message
                .buttons()
                .any(|button| button.text == "example.test")
    });
    assert!(
        again.text.contains("v=spf1") || again.text.contains("Which one"),
        "{}",
        again.text
    );
    bot.finish();
}

#[test]
fn text_from_the_network_cannot_mention_link_or_format() {
    let bot = Bot::with_dns(Dns::serving("hostile.test.", HOSTILE));
    let answer = bot.ann().say("/txt hostile.test").wait_for(answered);
    assert!(
        answer.text.contains("@everyone /start #tag"),
        "{}",
        answer.text
    );
    assert_eq!(answer.clickable().len(), 0, "{:?}", answer.clickable());
    bot.finish();
}

#[test]
fn a_pasted_file_is_read() {
    let bot = Bot::start();
    let mail = "Received: from mx.example.net (mx.example.net [192.0.2.7]) by in.example.org with ESMTPS id 1\r\n\
                \tfor <a@example.org>; Mon, 2 Nov 2026 10:00:00 +0000\r\nFrom: b@example.net\r\nSubject: <b>hi</b>\r\n\r\nbody\r\n";
    let answer = bot.ann().document("mail.eml", mail, "/trace_mail").reply();
    let answer = if answer.text.contains("Looking") {
        bot.ann()
            .wait_for(|message| message.text.contains("mx.example.net"))
    } else {
        answer
    };
    assert!(answer.text.contains("192.0.2.7"), "{}", answer.text);
    bot.finish();
}

#[test]
fn a_long_explanation_is_two_messages_with_a_picture() {
    let bot = Bot::start();
    let ann = bot.ann();
    let answer = ann
        .say("/howmail a@example.test b@example.test")
        .wait_for(answered);
    let picture = ann.wait_for(|message| {
        message
            .attachment
            .as_ref()
            .is_some_and(|file| file.kind == "photo")
    });
    assert!(
        picture
            .attachment
            .as_ref()
            .expect("a picture")
            .bytes
            .starts_with(b"\x89PNG")
    );
    assert!(answer.text.contains("Continued below"), "{}", answer.text);
    assert!(picture.text.chars().count() > 200, "{}", picture.text);

    // The next reply comes after everything that belongs to this one.
    ann.say("/port 22").wait_for(answered);
    let mine = ann.messages();
    let mine = mine
        .iter()
        .filter(|message| message.id == answer.id || message.attachment.is_some());
    assert_eq!(mine.count(), 2);

    ann.press(&answer, "Raw").answer();
    let text = ann.wait_for(|message| {
        let file = message.attachment.as_ref();
        file.is_some_and(|file| file.name.ends_with(".txt"))
    });
    let file = text.attachment.expect("a file");
    assert!(file.text().contains("7. Reading"), "the whole explanation");
    bot.finish();
}

#[test]
fn a_reply_that_is_too_long_is_attached_as_a_file() {
    let texts: String = (0..60)
        .map(|n| format!("@ IN TXT \"{n} {}\"\n", "x".repeat(200)))
        .collect();
    let zone = format!(
        "$TTL 60\n@ IN SOA ns1.long.test. h.long.test. 7 7200 3600 1209600 60\n@ IN NS ns1.long.test.\n{texts}"
    );
    let bot = Bot::with_dns(Dns::serving("long.test.", &zone));
    let ann = bot.ann();
    let answer = ann.say("/txt long.test").wait_for(answered);

    assert!(
        answer.text.contains("Full answer in the file"),
        "{}",
        answer.text
    );

    let file = ann
        .wait_for(|message| message.attachment.is_some())
        .attachment
        .expect("a file");

    assert!(
        file.text().matches('x').count() >= 60 * 200,
        "the file has the whole reply"
    );
    bot.finish();
}
