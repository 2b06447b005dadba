//! Calls that the platform refuses, and faults that a test requests.

use netvane_tests::telegram::{Fault, TOKEN};
use serde_json::json;
use teloxide::{
    ApiError, Bot, RequestError,
    payloads::SendMessageSetters,
    requests::Requester,
    types::{ChatId, MessageId, ReplyParameters, ThreadId},
};

use super::{Client, refusal, start};

#[test]
fn refuses_unknown_chats_topics_and_messages() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused:");
    let unknown = client.run(client.bot.send_message(ChatId(43), "hello"));

    assert!(matches!(
        unknown,
        Err(RequestError::Api(ApiError::ChatNotFound))
    ));

    let reply = ReplyParameters::new(MessageId(7));
    let replying = |reply| {
        client.run(
            client
                .bot
                .send_message(ChatId(chat.id), "hello")
                .reply_parameters(reply),
        )
    };

    assert!(matches!(
        replying(reply.clone()),
        Err(RequestError::Api(ApiError::MessageToReplyNotFound))
    ));
    replying(reply.allow_sending_without_reply()).expect("a message");
    let forum = telegram.supergroup_with_topics(-100_200_300, &["DNS"]);
    let topic = forum.topic("DNS");
    let in_topic = |id: i64| {
        let thread = ThreadId(MessageId(i32::try_from(id).expect("small")));
        client.run(
            client
                .bot
                .send_message(ChatId(forum.id), "hello")
                .message_thread_id(thread),
        )
    };

    let asked = topic.say("/help");
    in_topic(topic.thread.expect("a topic")).expect("a message");
    assert_eq!(asked.reply().thread, topic.thread);
    assert!(refusal(in_topic(1)).contains("message thread not found"));
    chat.block();
    let blocked = client.run(client.bot.send_message(ChatId(chat.id), "hello"));

    assert!(matches!(
        blocked,
        Err(RequestError::Api(ApiError::BotBlocked))
    ));
    telegram.finish();
}

#[test]
fn faults_happen_as_often_as_requested() {
    let (telegram, client, chat) = start();
    telegram
        .fault("sendMessage", Fault::Drop, 1)
        .fault("sendMessage", Fault::Lose, 1);
    assert!(matches!(
        client.html(&chat, "one"),
        Err(RequestError::Network(_))
    ));
    assert_eq!(chat.messages().len(), 0);
    assert!(matches!(
        client.html(&chat, "two"),
        Err(RequestError::Network(_))
    ));
    assert_eq!(chat.messages().len(), 1);
    telegram.fault("sendMessage", Fault::Flood(9), 1);
    assert!(
        matches!(client.html(&chat, "three"), Err(RequestError::RetryAfter(wait)) if wait.seconds() == 9)
    );
    telegram.fault("getUpdates", Fault::Status(409), 1);
    let conflict = client.run(client.bot.get_updates());

    assert!(matches!(
        conflict,
        Err(RequestError::Api(ApiError::TerminatedByOtherGetUpdates))
    ));
    telegram.revoke_token();
    assert!(matches!(
        client.html(&chat, "four"),
        Err(RequestError::Api(ApiError::InvalidToken))
    ));

    let statuses: Vec<_> = telegram.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [0, 200, 429, 409, 401]);
    telegram.finish();
}

#[test]
fn refuses_undocumented_methods_and_parameters() {
    let (telegram, _, chat) = start();
    let post = |path: &str, body: serde_json::Value| {
        let mut client = netvane_tests::http::Client::connect(telegram.address);
        let target = format!("POST /bot{TOKEN}/{path}");
        client.ask(
            &target,
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )
    };

    telegram.forgive("refused:");
    let told = |response: netvane_tests::http::Response| {
        (
            response.status,
            serde_json::from_slice::<serde_json::Value>(&response.body).expect("JSON"),
        )
    };

    let (status, body) = told(post(
        "sendMessage",
        json!({ "chat_id": chat.id, "text": "a", "colour": "red" }),
    ));
    assert_eq!((status, &body["ok"]), (400, &json!(false)));
    assert_eq!(
        body["description"],
        "Bad Request: sendMessage.colour does not exist"
    );
    assert_eq!(
        told(post("sendMessage", json!({ "text": "a" }))).1["description"],
        "Bad Request: sendMessage.chat_id is required"
    );
    assert_eq!(told(post("sendPigeon", json!({}))).0, 404);
    assert_eq!(
        told(post(
            "SENDMESSAGE",
            json!({ "chat_id": chat.id, "text": "a" })
        ))
        .0,
        200
    );

    let wrong = Bot::new("1:AAAA").set_api_url(telegram.url().parse().expect("a URL"));
    telegram.forgive("a call with the token");
    let client = Client::of(&telegram);

    assert!(matches!(
        client.run(wrong.get_me()),
        Err(RequestError::Api(ApiError::InvalidToken))
    ));
    telegram.finish();
}

#[test]
#[should_panic(expected = "the bot broke the platform's rules")]
fn a_test_fails_at_its_end_when_the_bot_did_wrong() {
    let (_telegram, client, chat) = start();
    let _ = client.html(&chat, "<b>open");
}
