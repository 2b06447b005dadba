//! Updates that the bot fetches: once each, and only those of its chats.

use serde_json::json;
use teloxide::{
    ApiError, Bot, RequestError,
    payloads::{GetUpdatesSetters, SendMessageSetters},
    requests::Requester,
    types::{ParseMode, ReplyParameters, Update, UpdateKind},
};

use super::{a_message, refusal, start};

#[test]
fn an_update_is_fetched_once_and_its_reply_is_visible() {
    let (telegram, client, chat) = start();
    let me = client.run(client.bot.get_me()).expect("itself");
    assert_eq!(me.username(), "netvane_bot");
    let asked = chat.say("/mx@netvane_bot example.com");
    let update = client.update(0);
    let id = update.id;
    let message = a_message(update);
    assert_eq!(message.text(), Some("/mx@netvane_bot example.com"));
    let kinds: Vec<_> = message
        .entities()
        .into_iter()
        .flatten()
        .map(|entity| format!("{:?}", entity.kind))
        .collect();

    assert_eq!(kinds, ["BotCommand", "Url"]);
    let sent = client
        .reply(&message, "Two <b>servers</b> of <code>example.com</code>")
        .expect("a message");

    assert_eq!(
        client
            .updates(i32::try_from(id.0 + 1).expect("small"))
            .len(),
        0
    );

    asked.taken();
    let reply = asked.reply();

    assert_eq!(
        (reply.text.as_str(), reply.reply_to),
        ("Two servers of example.com", Some(asked.id))
    );
    assert_eq!(
        (reply.parts("bold"), reply.parts("code")),
        (vec!["servers"], vec!["example.com"])
    );
    assert_eq!(reply.live_parts(), [""; 0]);
    client
        .run(client.bot.edit_message_text(sent.chat.id, sent.id, "Done"))
        .expect("an edit");
    assert_eq!(
        asked.wait_for(|message| message.text == "Done").id,
        reply.id
    );

    let texts: Vec<_> = asked
        .history()
        .into_iter()
        .map(|message| message.text)
        .collect();

    assert_eq!(texts, ["Two servers of example.com", "Done"]);
    telegram.finish();
}

#[test]
fn teloxides_dispatcher_works() {
    use teloxide::dispatching::{Dispatcher, UpdateFilterExt};
    let (telegram, client, chat) = start();
    let answer = |bot: Bot, message: teloxide::types::Message| async move {
        let reply = ReplyParameters::new(message.id);
        bot.send_message(message.chat.id, "<code>heard</code>")
            .parse_mode(ParseMode::Html)
            .reply_parameters(reply)
            .await?;
        Ok::<_, RequestError>(())
    };

    let mut dispatcher = Dispatcher::builder(
        client.bot.clone(),
        Update::filter_message().endpoint(answer),
    )
    .build();

    let running = client
        .runtime
        .spawn(async move { dispatcher.dispatch().await });
    telegram.wait_for_poll();
    assert_eq!(
        chat.say("/mx a.test").taken().reply().parts("code"),
        ["heard"]
    );
    assert_eq!(chat.document("a.txt", "text", "").reply().text, "heard");
    running.abort();
    assert!(telegram.calls().iter().any(|call| call.method == "getMe"));
    telegram.finish();
}

#[test]
fn an_update_may_come_twice() {
    let (telegram, client, chat) = start();
    let asked = chat.say("/help");
    let first = client.updates(0);
    let next = i32::try_from(first[0].id.0 + 1).expect("small");
    assert_eq!(client.updates(next).len(), 0);
    asked.resend();
    assert_eq!(client.updates(next)[0].id, first[0].id);
    assert_eq!(client.updates(next).len(), 0);
    telegram.finish();
}

#[test]
fn group_messages_not_meant_for_the_bot_are_not_delivered() {
    let (telegram, client, _) = start();
    let group = telegram.group(-77);

    for (text, told) in [
        ("hello", false),
        ("/mx a.test", true),
        ("/mx@netvane_bot", true),
        ("/mx@other_bot", false),
    ] {
        assert_eq!(group.say(text).update.is_some(), told, "{text}");
    }

    client.html(&group, "which domain?").expect("a message");
    let question = group.wait_for(|_| true);
    assert!(group.reply_to(&question, "a.test").update.is_some());
    assert!(
        group
            .service(json!({ "new_chat_title": "Other" }))
            .update
            .is_some()
    );

    telegram.reads_groups();
    assert!(group.say("hello").update.is_some());
    assert!(
        client
            .updates(0)
            .iter()
            .all(|update| matches!(update.kind, UpdateKind::Message(_)))
    );

    telegram.finish();
}

#[test]
fn only_one_poll_is_allowed() {
    let (telegram, client, chat) = start();
    telegram.forgive("Conflict");
    let bot = client.bot.clone();
    let first = client
        .runtime
        .spawn(async move { bot.get_updates().timeout(10).await });
    telegram.wait_for_poll();
    let second = client.bot.clone();
    let second = client
        .runtime
        .spawn(async move { second.get_updates().timeout(10).await });
    let first = client.run(first).expect("the task ends");

    assert!(
        matches!(
            first,
            Err(RequestError::Api(ApiError::TerminatedByOtherGetUpdates))
        ),
        "{first:?}"
    );

    chat.say("/help");
    assert_eq!(
        client
            .run(second)
            .expect("the task ends")
            .expect("updates")
            .len(),
        1
    );

    let url = "https://bot.example/hook".parse().expect("a URL");
    client.run(client.bot.set_webhook(url)).expect("a webhook");
    assert!(
        refusal(client.run(client.bot.get_updates()))
            .contains("can't use getUpdates method while webhook")
    );
    client.run(client.bot.delete_webhook()).expect("no webhook");
    assert_eq!(client.updates(0).len(), 1);
    telegram.finish();
}
