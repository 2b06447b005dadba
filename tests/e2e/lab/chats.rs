//! Every command once on each chat, in the lab: whatever the network does, there is a reply in the
//! end.

use netvane_tests::{
    Discord, Lab, Service, Telegram,
    discord::Scene,
    telegram::{Limits, User},
};
use serde_json::{Map, Value, json};

fn serve(lab: &Lab, more: &[(&str, &str)]) -> Service {
    let mut settings = vec![
        ("NETVANE__DNS__SERVERS", lab.value("RESOLVER4")),
        (
            "NETVANE__POLICY__ALLOW",
            "198.51.100.0/24,203.0.113.0/24,2001:db8::/32",
        ),
        ("NETVANE__RDAP__ENABLED", "false"),
    ];
    settings.extend(more);
    Service::start(&settings)
}

/// Returns each command with its first example and its arguments.
fn commands(service: &Service) -> Vec<Value> {
    let registry = service.get("/v1/commands").json();
    let commands = registry["commands"].as_array().expect("commands").clone();
    assert!(commands.len() >= 27, "{}", commands.len());
    commands
}

fn example(command: &Value) -> &str {
    command["examples"][0]
        .as_str()
        .expect("each command has an example")
}

/// Converts an example to Discord's typed options.
fn options(command: &Value) -> Value {
    let mut words = example(command).split(' ').skip(1).peekable();
    let mut options = Map::new();
    for argument in command["arguments"].as_array().expect("arguments") {
        let name = argument["name"].as_str().expect("a name");
        if words.peek().is_none() {
            break;
        }
        let text = if argument["rest"] == true {
            words.by_ref().collect::<Vec<_>>().join(" ")
        } else {
            words.next().unwrap_or_default().to_owned()
        };
        let value = if argument["type"] == "integer" {
            json!(text.parse::<i64>().expect("a number"))
        } else {
            json!(text)
        };
        options.insert(name.to_owned(), value);
    }
    Value::Object(options)
}

#[test]
#[ignore = "needs the DNS lab"]
fn every_command_answers_on_telegram() {
    let lab = Lab::get();
    lab.enter();
    let telegram = Telegram::start();
    telegram.limits(Limits::none());
    let service = serve(&lab, &telegram.settings());
    telegram.wait_for_poll();
    let asked: Vec<_> = commands(&service)
        .iter()
        .zip(100..)
        .map(|(command, user)| {
            let line = format!("/{}", example(command));
            (
                line.clone(),
                telegram.private(&User::new(user, "Ann")).say(&line),
            )
        })
        .collect();

    for (line, asked) in asked {
        let last = asked.wait_for(|message| {
            !message.text.contains("Looking up …")
                && message.buttons().all(|button| button.text != "Cancel")
        });
        assert!(
            !last.text.contains("internal error") && last.text.chars().count() > 10,
            "{line}: {}",
            last.text
        );
        assert_eq!(last.live_parts(), [""; 0], "{line}");
    }

    assert_eq!(service.stop(), Some(0));
    telegram.finish();
}

#[test]
#[ignore = "needs the DNS lab"]
fn every_command_answers_on_discord() {
    let lab = Lab::get();
    lab.enter();
    let discord = Discord::start();
    let service = serve(&lab, &discord.settings());
    discord.ready();
    discord.registered();

    let asked: Vec<_> = commands(&service)
        .iter()
        .zip(1..)
        .map(|(command, user)| {
            let name = command["name"].as_str().expect("a name");
            (
                name.to_owned(),
                discord.slash_in(&Scene::someone(user), name, options(command)),
            )
        })
        .collect();

    for (name, asked) in asked {
        let last = asked.wait_for(&name, |message| {
            let shown = message.to_string();
            message["embeds"][0]["title"].is_string()
                && !shown.contains("\"Cancel\"")
                && !shown.contains("Looking up …")
        });
        assert!(
            !last.to_string().contains("internal error"),
            "{name}: {last}"
        );
    }

    assert_eq!(service.stop(), Some(0));
    discord.finish();
}
