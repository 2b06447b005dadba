use super::*;
use crate::escape::length;

fn all() -> Vec<Value> {
    let engine =
        netvane_core::Engine::new(&netvane_core::settings::Settings::default()).expect("starts");
    commands(engine.registry(), DiscordCommands::Flat, true)
}

fn named(name: &str) -> Value {
    all()
        .into_iter()
        .find(|command| command["name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn options_are_typed() {
    insta::assert_json_snapshot!(named("ping")["options"]);
}

#[test]
fn a_pasted_message_may_be_a_file() {
    insta::assert_json_snapshot!(named("trace_mail"));
}

#[test]
fn every_command_is_within_discords_limits() {
    let commands = all();
    assert!(commands.len() <= 100);
    for command in commands.iter().filter(|command| command["type"] == 1) {
        let name = command["name"].as_str().expect("a name");
        let mut total = length(name) + length(command["description"].as_str().expect("text"));
        let options = list(&command["options"]);
        assert!((1..=25).contains(&options.len()), "{name}");
        assert!(
            options.is_sorted_by_key(|option| option["required"] != true),
            "{name}: required options come first"
        );

        let mut names = std::collections::HashSet::new();

        for option in options {
            let (option_name, help) = (
                &option["name"],
                option["description"].as_str().expect("text"),
            );
            assert!(
                names.insert(option_name.to_string()),
                "{name}: duplicate option {option_name}"
            );
            assert!((1..=100).contains(&length(help)), "{name} {option_name}");
            assert!(list(&option["choices"]).len() <= 25);
            assert!(option["autocomplete"] != true || option.get("choices").is_none());
            total += length(&option_name.to_string()) + length(help);
            total += list(&option["choices"])
                .iter()
                .map(|c| length(&c.to_string()))
                .sum::<usize>();
        }

        assert!(total <= 8000, "{name}: {total}");
    }
}

#[test]
fn fields_added_by_discord_are_no_difference() {
    let ours = all();
    let mut theirs: Vec<Value> = ours
        .iter()
        .map(|command| {
            let mut command = command.clone();
            command["id"] = json!("1");
            command["version"] = json!("2");
            command["nsfw"] = json!(false);
            command["default_member_permissions"] = Value::Null;
            command["name_localizations"] = Value::Null;
            if command["type"] != 1 {
                command["description"] = json!("");
            }

            for option in command["options"].as_array_mut().into_iter().flatten() {
                if option["required"] == false {
                    option
                        .as_object_mut()
                        .expect("an object")
                        .remove("required");
                }
            }

            command
        })
        .collect();

    theirs.reverse();
    assert_eq!(by_name(&theirs), by_name(&ours));
    theirs[1]["options"][0]["description"] = json!("another");
    assert_ne!(by_name(&theirs), by_name(&ours));
    theirs.pop();
    assert_ne!(by_name(&theirs), by_name(&ours));
}

/// Counts the characters of names, descriptions and choices, as Discord does for each command.
fn characters(command: &Value) -> usize {
    let own = [&command["name"], &command["description"], &command["value"]];
    let own: usize = own
        .iter()
        .filter_map(|text| text.as_str())
        .map(length)
        .sum();
    let parts = list(&command["options"])
        .iter()
        .chain(list(&command["choices"]));
    own + parts.map(characters).sum::<usize>()
}

#[test]
fn groups_hold_every_command_within_discords_limits() {
    let engine =
        netvane_core::Engine::new(&netvane_core::settings::Settings::default()).expect("starts");
    let groups = commands(engine.registry(), DiscordCommands::Grouped, true);
    let groups: Vec<&Value> = groups.iter().filter(|group| group["type"] == 1).collect();

    let mut names: Vec<&str> = Vec::new();
    for group in &groups {
        let subcommands = list(&group["options"]);
        assert!((1..=25).contains(&subcommands.len()), "{}", group["name"]);
        assert!(
            characters(group) <= 8000,
            "{}: {}",
            group["name"],
            characters(group)
        );
        assert!(
            subcommands
                .iter()
                .all(|command| command["type"] == SUBCOMMAND)
        );
        names.extend(
            subcommands
                .iter()
                .filter_map(|command| command["name"].as_str()),
        );
    }

    names.sort_unstable();
    let mut all: Vec<&str> = engine
        .registry()
        .entries()
        .iter()
        .map(|entry| entry.spec.name)
        .collect();
    all.sort_unstable();
    assert_eq!(names, all);
}
