//! The menu, groups, topics, channels, inline queries and who may cancel.

use netvane_tests::telegram::{Message, User};

use super::{Bot, answered};

#[test]
fn the_menu_lists_all_commands() {
    let bot = Bot::start();
    bot.telegram
        .wait_for_call("setMyCommands", |call| call.status == 200);
    let registry = bot.service.get("/v1/commands");
    let registry = registry.json();
    let names: Vec<&str> = registry["commands"]
        .as_array()
        .expect("commands")
        .iter()
        .filter_map(|command| command["name"].as_str())
        .collect();
    let menu = bot.telegram.menu("all_private_chats", "");
    assert_eq!(
        menu.iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        names
    );
    bot.finish();
}

#[test]
fn only_the_requester_can_cancel_a_lookup() {
    let bot = Bot::start();
    bot.dns.hold("example.test. MX");
    let group = bot.telegram.group(-77);
    let (ann, bob) = (
        group.by(&User::new(42, "Ann")),
        group.by(&User::new(43, "Bob")),
    );
    let asked = ann.say("/mx example.test");
    let working = asked.wait_for(|message| message.buttons().any(|button| button.text == "Cancel"));
    let refused = bob.press(&working, "Cancel").answer();
    assert!(
        refused["text"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{refused}"
    );
    ann.press(&working, "Cancel").answer();
    let ended = asked.wait_for(|message| message.text.contains("Cancelled"));
    assert_eq!(ended.id, working.id, "edited in place");
    bot.dns.release("example.test. MX");
    bot.finish();
}

#[test]
fn answers_and_completes_inline_queries() {
    let bot = Bot::start();
    let user = User::new(42, "Ann");
    let query = bot.telegram.inline(&user, "mx example.test");
    let answer = query.answer();
    let result = answer["results"][0]["id"]
        .as_str()
        .expect("a result")
        .to_owned();
    let message = query
        .choose(&result)
        .wait_for(|message| message.text.contains("mail1.example.test"));
    assert_eq!(message.live_parts(), [""; 0]);
    bot.finish();
}

#[test]
fn answers_in_topics_and_channels_and_on_deep_links() {
    let bot = Bot::start();
    let topics = bot
        .telegram
        .supergroup_with_topics(-1_001_234_567_890, &["DNS"]);
    let asked = topics
        .topic("DNS")
        .by(&User::new(42, "Ann"))
        .say("/a example.test");

    assert!(
        asked.wait_for(answered).thread.is_some(),
        "answered in the topic"
    );

    let post = bot
        .telegram
        .channel(-1_009_876_543_210)
        .say("/a example.test");
    post.wait_for(answered);
    let linked = bot.ann().say("/start mx-example_test").wait_for(answered);

    assert!(
        linked.text.contains("mail1.example.test"),
        "{}",
        linked.text
    );

    bot.finish();
}

#[test]
fn refresh_edits_the_picture_only_if_it_changed() {
    let bot = Bot::start();
    let ann = bot.ann();
    let is_picture = |message: &Message| {
        let file = message.attachment.as_ref();
        file.is_some_and(|file| file.kind == "photo")
    };
    let bytes = |message: &Message| message.attachment.as_ref().map(|file| file.bytes.clone());
    // The reply to the next message comes after everything that belongs to this one.
    let settle = || ann.say("/port 22").wait_for(answered);
    let pictures = || {
        let all = ann.messages();
        all.into_iter().filter(is_picture).collect::<Vec<Message>>()
    };

    let answer = ann
        .say("/howmail a@example.test b@example.test")
        .wait_for(answered);
    let first = ann.wait_for(is_picture);
    settle();

    ann.press(&answer, "Refresh").answer();
    settle();
    let same = pictures();
    assert_eq!(same.len(), 1, "{same:?}");
    assert_eq!(same[0].at, first.at, "the picture is not edited");

    bot.dns.change(
        "$TTL 60\n@ IN SOA ns1.example.test. hostmaster.example.test. 9 7200 3600 1209600 60\n\
         @ IN NS ns1.example.test.\n@ IN MX 0 .\n",
    );
    ann.press(&answer, "Refresh").answer();
    let edited = ann.wait_for(|message| is_picture(message) && bytes(message) != bytes(&first));
    settle();
    assert_eq!(
        (edited.id, pictures().len()),
        (first.id, 1),
        "the same message"
    );
    bot.finish();
}

#[test]
fn start_greets_with_three_examples() {
    let bot = Bot::start();
    let ann = bot.ann();
    let greeting = ann
        .say("/start")
        .wait_for(|message| message.buttons().count() == 3);
    for example in [
        "/dns example.com",
        "/mailcheck example.com",
        "/http example.com",
    ] {
        assert!(greeting.text.contains(example), "{}", greeting.text);
    }
    assert!(greeting.text.chars().count() < 400, "{}", greeting.text);
    let pressed = ann.press(&greeting, "dns example.com");
    pressed.answer();
    ann.wait_for(|message| message.id != greeting.id && message.text.contains("example.com"));
    bot.finish();
}

#[test]
fn a_mistake_in_a_group_is_a_reply_without_a_sound() {
    let bot = Bot::start();
    let group = bot.telegram.group(-77);
    let ann = group.by(&User::new(42, "Ann"));
    let asked = ann.say("/mx www..example.test");
    asked.wait_for(|message| message.text.contains("empty label"));
    ann.say("/mx example.test").wait_for(answered);
    let silent: Vec<(bool, bool)> = bot
        .telegram
        .calls()
        .iter()
        .filter(|call| call.method == "sendMessage")
        .map(|call| {
            let is_reply = call.parameters["reply_parameters"].is_object();
            (call.parameters["disable_notification"] == true, is_reply)
        })
        .collect();
    assert_eq!(silent, [(true, true), (false, true)]);
    bot.finish();
}
