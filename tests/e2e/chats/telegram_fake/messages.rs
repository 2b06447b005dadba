//! Messages, edits, button presses, inline results and files.

use netvane_tests::telegram::User;
use teloxide::{
    ApiError, RequestError,
    net::Download,
    payloads::{AnswerCallbackQuerySetters, EditMessageTextSetters, SendMessageSetters},
    requests::Requester,
    types::{
        CallbackQueryId, ChatId, FileId, InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryId,
        InlineQueryResult, InlineQueryResultArticle, InputMessageContent, InputMessageContentText,
        MessageId, ParseMode, UpdateKind,
    },
};

use super::{a_message, refusal, start};

#[test]
fn edits_are_checked_against_the_existing_message() {
    let (telegram, client, chat) = start();
    let sent = client.html(&chat, "<b>one</b>").expect("a message");
    let edit = |text: &str| client.run(client.bot.edit_message_text(sent.chat.id, sent.id, text));
    telegram.forgive("refused: editMessageText");
    let again = client
        .bot
        .edit_message_text(sent.chat.id, sent.id, "<i></i><b>one</b>")
        .parse_mode(ParseMode::Html);

    assert!(matches!(
        client.run(again),
        Err(RequestError::Api(ApiError::MessageNotModified))
    ));
    edit("one").expect("it is not bold any more");
    let nowhere = client.run(
        client
            .bot
            .edit_message_text(sent.chat.id, MessageId(7), "one"),
    );

    assert!(matches!(
        nowhere,
        Err(RequestError::Api(ApiError::MessageToEditNotFound))
    ));
    client
        .run(client.bot.delete_message(sent.chat.id, sent.id))
        .expect("gone");
    assert!(matches!(
        edit("two"),
        Err(RequestError::Api(ApiError::MessageToEditNotFound))
    ));
    assert!(
        chat.history(i64::from(sent.id.0))
            .last()
            .is_some_and(|message| message.deleted)
    );

    telegram.finish();
}

#[test]
fn a_button_press_can_be_answered_once_and_in_time() {
    let (telegram, client, chat) = start();
    telegram.forgive("query is too old");
    let keyboard =
        InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Again", "again:1")]]);

    client
        .run(
            client
                .bot
                .send_message(ChatId(chat.id), "done")
                .reply_markup(keyboard),
        )
        .expect("a message");

    let message = chat.wait_for(|_| true);
    let press = || {
        let pressed = chat.press(&message, "Again");
        let UpdateKind::CallbackQuery(query) = client.update(-1).kind else {
            panic!("no press")
        };
        assert_eq!(query.data.as_deref(), Some("again:1"));
        (pressed, query.id)
    };

    let answer = |id: &CallbackQueryId| {
        client.run(client.bot.answer_callback_query(id.clone()).text("on it"))
    };
    let (pressed, id) = press();
    answer(&id).expect("answered");
    assert_eq!(pressed.answer()["text"], "on it");
    assert!(refusal(answer(&id)).contains("query is too old"));
    let (pressed, id) = press();
    pressed.expire();
    assert!(refusal(answer(&id)).contains("query is too old"));
    telegram.finish();
}

#[test]
fn an_inline_result_becomes_a_message() {
    let (telegram, client, _) = start();
    let user = User::new(42, "Bea");
    let inline = telegram.inline(&user, "mx example.com");
    let UpdateKind::InlineQuery(query) = client.update(0).kind else {
        panic!("no inline query")
    };

    assert_eq!(query.query, "mx example.com");
    let content = || InputMessageContent::Text(InputMessageContentText::new("looking …"));
    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Stop", "stop")]]);
    let article = |id: &str| {
        let article =
            InlineQueryResultArticle::new(id, "MX", content()).reply_markup(keyboard.clone());
        InlineQueryResult::Article(article)
    };

    let answer = |id: &InlineQueryId, results| {
        client.run(client.bot.answer_inline_query(id.clone(), results))
    };
    telegram.forgive("refused: answerInlineQuery");
    assert!(refusal(answer(&query.id, vec![article("")])).contains("RESULT_ID_INVALID"));
    let many = (0..51).map(|n| article(&n.to_string())).collect();
    let many = answer(&query.id, many);

    assert!(matches!(
        many,
        Err(RequestError::Api(ApiError::TooMuchInlineQueryResults))
    ));
    answer(&query.id, vec![article("one")]).expect("answered");
    assert!(refusal(answer(&query.id, vec![article("one")])).contains("query is too old"));
    let chosen = inline.choose("one");
    let UpdateKind::ChosenInlineResult(told) = client.update(-1).kind else {
        panic!("no choice")
    };

    let name = told.inline_message_id.expect("it has a keyboard");
    client
        .run(client.bot.edit_message_text_inline(name, "two servers"))
        .expect("an edit");
    assert_eq!(
        chosen
            .wait_for(|message| message.text == "two servers")
            .keyboard,
        [[]; 0]
    );

    telegram.finish();
}

#[test]
fn files_of_users_can_be_downloaded() {
    let (telegram, client, chat) = start();
    chat.document("mail.eml", "Received: from a", "trace this");
    let message = a_message(client.update(0));

    let file = client
        .run(
            client
                .bot
                .get_file(message.document().expect("a file").file.id.clone()),
        )
        .expect("a file");

    let mut bytes = Vec::new();
    client
        .run(async { client.bot.download_file(&file.path, &mut bytes).await })
        .expect("its bytes");
    assert_eq!(bytes, b"Received: from a");
    telegram.forgive("refused: getFile");
    assert!(
        refusal(client.run(client.bot.get_file(FileId("nothing".to_owned()))))
            .contains("invalid file_id")
    );
    chat.document("large.eml", vec![b'x'; (20 << 20) + 1], "");
    let message = a_message(client.update(-1));

    let large = client.run(
        client
            .bot
            .get_file(message.document().expect("a file").file.id.clone()),
    );

    assert!(refusal(large).contains("file is too big"));
    telegram.finish();
}
