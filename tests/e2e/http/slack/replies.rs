//! The immediate reply: its blocks, who sees it, and its follow-up commands.

use netvane_tests::{Dns, Scratch, Service};
use serde_json::{Value, json};

use super::{
    ALLOW, SLACK, TOKENS, later_replies::Receiver, now, signatures::mattermost, signed, slack,
    title,
};

#[test]
fn slack_gets_an_immediate_reply_in_blocks() {
    let dns = Dns::start();
    let service = Service::start(&[SLACK, ("NETVANE__DNS__SERVERS", &dns.address.to_string())]);
    let message = slack(&service, &[("command", "/mx"), ("text", "example.test")]);
    assert_eq!(message["response_type"], "ephemeral");
    assert!(title(&message).ends_with("MX of example.test"), "{message}");
    assert!(
        message.to_string().contains("mail1.example.test"),
        "{message}"
    );
    assert!(
        message["text"]
            .as_str()
            .expect("text")
            .starts_with("MX of example.test: "),
        "{message}"
    );

    for (command, text) in [
        ("/netvane", "mx example.test"),
        ("/NetVane", "/MX example.test"),
        ("/ask", "mx example.test"),
    ] {
        let other = slack(&service, &[("command", command), ("text", text)]);
        assert_eq!(other["blocks"][1], message["blocks"][1], "{command} {text}");
    }

    let help = slack(&service, &[("command", "/netvane"), ("text", "")]);

    assert!(
        help.to_string().contains("traceroute") || help.to_string().contains("trace"),
        "{help}"
    );

    assert!(help.to_string().contains("/netvane mx "), "{help}");
    let wrong = slack(
        &service,
        &[("command", "/netvane"), ("text", "mx www..example.test")],
    );
    assert!(
        wrong.to_string().contains("/netvane mx www.example.test"),
        "the spelling that works here: {wrong}"
    );

    // A mistake is shown to the user only, with its position.
    let wrong = slack(
        &service,
        &[("command", "/mx"), ("text", "www..example.test")],
    );

    assert_eq!(
        (&wrong["response_type"], title(&wrong)),
        (&json!("ephemeral"), "❌ Bad argument")
    );
    assert!(
        wrong.to_string().contains("empty label") && wrong.to_string().contains("^^^"),
        "{wrong}"
    );

    let check = signed(&service, now(), "ssl_check=1&token=x");
    assert_eq!((check.status, check.body.len()), (200, 0));
}

#[test]
fn replies_can_be_public_but_what_concerns_one_user_is_not() {
    let channel = ("NETVANE__HTTP__SLASH_IN_CHANNEL", "true");
    let service = Service::start(&[SLACK, TOKENS, channel]);
    let kind = |message: Value| message["response_type"].as_str().map(str::to_owned);
    for (text, readers) in [
        ("port 22", "in_channel"),
        ("help", "ephemeral"),
        ("help mx", "ephemeral"),
        ("status", "ephemeral"),
        ("mx", "ephemeral"),
        ("mxx example.test", "ephemeral"),
        // Refused: an address of this machine.
        ("ping 127.0.0.1", "ephemeral"),
    ] {
        let fields = [("command", "/netvane"), ("text", text)];
        let expected = Some(readers.to_owned());
        assert_eq!(kind(slack(&service, &fields)), expected, "{text}");
        assert_eq!(kind(mattermost(&service, &fields)), expected, "{text}");
    }
}

#[test]
fn an_answer_ends_with_two_follow_up_commands() {
    let dns = Dns::start();
    let address = dns.address.to_string();
    let service = Service::start(&[SLACK, TOKENS, ("NETVANE__DNS__SERVERS", &address)]);
    let fields = [("command", "/netvane"), ("text", "mx example.test")];

    let message = slack(&service, &fields);
    let blocks = message["blocks"].as_array().expect("blocks");
    let end = &blocks.last().expect("a block")["elements"][0]["elements"];
    let code: Vec<&str> = end
        .as_array()
        .expect("text")
        .iter()
        .filter(|part| part["style"]["code"] == true)
        .filter_map(|part| part["text"].as_str())
        .collect();
    assert_eq!(
        code,
        [
            "/netvane spf example.test",
            "/netvane mailcheck example.test"
        ]
    );

    let message = mattermost(&service, &fields);
    let text = message["text"].as_str().expect("markdown").trim_end();
    let end = "Next: `/netvane spf example.test` · `/netvane mailcheck example.test`";
    assert!(text.ends_with(end), "{text}");

    // Each command has a slash command of its own.
    let own = slack(&service, &[("command", "/mx"), ("text", "example.test")]);
    let own = own["blocks"].as_array().expect("blocks");
    let own = own.last().expect("a block").to_string();
    assert!(own.contains("\"/spf example.test\""), "{own}");
    let help = slack(&service, &[("command", "/netvane"), ("text", "help")]).to_string();
    assert!(!help.contains("Next: "), "{help}");
}

#[test]
fn rules_decide_what_is_offered_and_who_sees_it() {
    let (dns, scratch) = (Dns::start(), Scratch::new());
    let rules = "[[policy.rules]]\nname = \"no reports\"\ncommands = [\"mailcheck\"]\neffect = \"deny\"\n\
         [[policy.rules]]\nname = \"quiet\"\ncommands = [\"txt\"]\neffect = \"private\"\n";
    let rules = scratch.file("netvane.toml", rules);
    let address = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE_CONFIG", rules.to_str().expect("a path in UTF-8")),
        ("NETVANE__DNS__SERVERS", &address),
        ("NETVANE__HTTP__SLASH_IN_CHANNEL", "true"),
        TOKENS,
    ]);

    let ask = |text| mattermost(&service, &[("command", "/netvane"), ("text", text)]);
    let mx = ask("mx example.test");
    let text = mx["text"].as_str().expect("markdown").trim_end();
    let end = "Next: `/netvane spf example.test` · `/netvane dmarc example.test`";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(mx["response_type"], "in_channel");
    assert_eq!(ask("txt example.test")["response_type"], "ephemeral");
}

#[test]
fn a_link_is_shown_to_the_requester_only() {
    let receiver = Receiver::start(&[]);
    let public = ("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example");
    let service = Service::start(&[SLACK, ALLOW, public, ("NETVANE__HTTP__DRAIN_MS", "100")]);
    let message = slack(
        &service,
        &[("command", "/myip"), ("response_url", &receiver.url())],
    );
    assert_eq!(message["response_type"], "ephemeral");
    assert!(
        message
            .to_string()
            .contains("\"type\":\"link\",\"url\":\"https://netvane.example/v/"),
        "{message}"
    );
    // A user who still waits at shutdown is notified.
    assert_eq!(service.stop(), Some(0));
    assert_eq!(title(&receiver.next()), "ℹ️ Interrupted");
}
