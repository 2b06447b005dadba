//! Limits of messages, buttons, menus and rates.

use std::time::Duration;

use netvane_tests::telegram::{Fault, Limits, ON_THE_WAY, User};
use teloxide::{
    ApiError, RequestError,
    payloads::{SendDocumentSetters, SendMessageSetters, SetMyCommandsSetters},
    requests::Requester,
    types::{
        BotCommand, BotCommandScope, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InputFile,
    },
};

use super::{refusal, start};

#[test]
fn length_limits_count_visible_text() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused:");
    client
        .html(&chat, &format!("<b>{}</b>", "\u{1f600}".repeat(2048)))
        .expect("4096 units");

    let long = client.html(&chat, &format!("{}a", "\u{1f600}".repeat(2048)));

    assert!(matches!(
        long,
        Err(RequestError::Api(ApiError::MessageIsTooLong))
    ));
    assert!(matches!(
        client.html(&chat, ""),
        Err(RequestError::Api(ApiError::MessageTextIsEmpty))
    ));

    let file = || InputFile::memory("all of it").file_name("reply.txt");
    let caption = |length: usize| {
        client
            .bot
            .send_document(ChatId(chat.id), file())
            .caption("c".repeat(length))
    };

    assert!(refusal(client.run(caption(1025))).contains("message caption is too long"));
    client.run(caption(1024)).expect("a document");
    let sent = chat.wait_for(|message| message.attachment.is_some());
    let attachment = sent.attachment.expect("checked");

    assert_eq!(
        (attachment.name.as_str(), attachment.text()),
        ("reply.txt", "all of it")
    );

    telegram.finish();
}

#[test]
fn enforces_the_limits_of_buttons_and_entities() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused:");
    let with = |button| {
        client
            .bot
            .send_message(ChatId(chat.id), "b")
            .reply_markup(InlineKeyboardMarkup::new([[button]]))
    };

    let long = client.run(with(InlineKeyboardButton::callback("b", "d".repeat(65))));

    assert!(matches!(
        long,
        Err(RequestError::Api(ApiError::ButtonDataInvalid))
    ));
    client
        .run(with(InlineKeyboardButton::callback("b", "d".repeat(64))))
        .expect("64 bytes");

    let local = "http://localhost/".parse().expect("a URL");
    assert!(
        refusal(client.run(with(InlineKeyboardButton::url("b", local)))).contains("Wrong HTTP URL")
    );
    client
        .html(&chat, &"<b>a</b> ".repeat(101))
        .expect("a message");
    assert_eq!(
        telegram.violations().len(),
        1,
        "{:?}",
        telegram.violations()
    );

    telegram.forgive("1 entities of 101");
    telegram.finish();
}

#[test]
fn flood_control_refuses_messages_until_the_wait_is_over() {
    let (telegram, client, chat) = start();

    telegram.limits(Limits {
        chat_per_second: 0.001,
        ..Limits::default()
    });
    for _ in 0..3 {
        client.html(&chat, "hello").expect("a burst of three");
    }

    let retry = client.html(&chat, "hello");

    assert!(
        matches!(&retry, Err(RequestError::RetryAfter(wait)) if wait.seconds() > 900),
        "{retry:?}"
    );

    let other = telegram.private(&User::new(43, "Cem"));
    client.html(&other, "hello").expect("another chat");
    assert_eq!(telegram.violations(), [""; 0]);

    // No event signals the end of the grace period for retries.
    std::thread::sleep(ON_THE_WAY + Duration::from_millis(50));
    assert!(matches!(
        client.html(&chat, "hello"),
        Err(RequestError::RetryAfter(_))
    ));
    assert_eq!(
        telegram.violations(),
        ["chat 42: sent again before retry_after had passed"]
    );
    telegram.forgive("sent again before");
    telegram.fault("sendMessage", Fault::Flood(1), 1);
    assert!(matches!(
        client.html(&other, "hello"),
        Err(RequestError::RetryAfter(_))
    ));
    std::thread::sleep(Duration::from_secs(1));
    client.html(&other, "hello").expect("it waited");
    telegram.finish();
}

#[test]
fn groups_and_all_chats_together_have_their_own_limits() {
    let (telegram, client, _) = start();
    telegram.limits(Limits {
        group_per_minute: 20.0,
        ..Limits::none()
    });
    let group = telegram.group(-77);
    let sent = (0..25)
        .filter(|_| client.html(&group, "hello").is_ok())
        .count();
    assert_eq!(sent, 20);
    telegram.forgive("chat -77: sent again before");
    telegram.limits(Limits {
        total_per_second: 1.0,
        ..Limits::none()
    });
    let chats = (100..200).map(|id| telegram.private(&User::new(id, "Somebody")));
    let refused = chats
        .filter(|chat| client.html(chat, "hello").is_err())
        .count();
    assert!(refused > 0, "a hundred chats at once");
    telegram.finish();
}

#[test]
fn edits_of_one_message_count_too() {
    let (telegram, client, chat) = start();
    telegram.limits(Limits {
        edits_per_second: 0.001,
        burst: 3.0,
        ..Limits::times(1e6)
    });
    let sent = client.html(&chat, "0").expect("a message");
    let edit = |n: u8| {
        client.run(
            client
                .bot
                .edit_message_text(sent.chat.id, sent.id, n.to_string()),
        )
    };
    assert!((1..4).all(|n| edit(n).is_ok()));
    assert!(matches!(edit(4), Err(RequestError::RetryAfter(_))));
    telegram.finish();
}

#[test]
fn enforces_the_limits_of_the_menu() {
    let (telegram, client, _) = start();
    telegram.forgive("refused: setMyCommands");
    let set = |name: &str, description: &str| {
        let commands = [BotCommand::new(name, description)];
        client.run(
            client
                .bot
                .set_my_commands(commands)
                .scope(BotCommandScope::AllPrivateChats)
                .language_code("de"),
        )
    };
    assert!(refusal(set("Mx", "Mail servers")).contains("BOT_COMMAND_INVALID"));
    assert!(refusal(set("mx", "")).contains("BOT_COMMAND_DESCRIPTION_INVALID"));
    set("mx", "Mail servers").expect("a menu");
    assert_eq!(
        telegram.menu("all_private_chats", "de"),
        [("mx".to_owned(), "Mail servers".to_owned())]
    );
    telegram.finish();
}
