//! Registration of the commands with Discord, only if they differ from the registered ones.

use std::{collections::BTreeMap, time::Duration};

use netvane_chat::{SendError, Waits};
use netvane_core::{
    command::{Entry, Registry},
    settings::DiscordCommands,
    spec::{Argument, ArgumentKind, Group},
};
use reqwest::Method;
use serde_json::{Map, Value, json};
use serenity::{
    http::Route,
    model::id::{ApplicationId, GuildId},
};

use crate::{
    bot::{Bot, NAME},
    escape::cut,
    refused::Refused,
    rest::Rest,
};

/// Name of the entry in the context menu of a message.
pub(crate) const LOOK_UP: &str = "Look up";
/// Name of the option that every command has. `file` is added to commands that take a mail message.
pub(crate) const PRIVATE: &str = "private";
pub(crate) const FILE: &str = "file";

/// Most choices of one option, by Discord's rules.
const CHOICES: usize = 25;
const DESCRIPTION: usize = 100;

/// Longest wait between two attempts, before jitter.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Types of command options in Discord's API.
const SUBCOMMAND: u8 = 1;
const STRING: u8 = 3;
const INTEGER: u8 = 4;
const BOOLEAN: u8 = 5;
const ATTACHMENT: u8 = 11;

/// Returns all commands in Discord's format. With `everywhere` they also say where they can be
/// used, which commands of a single guild do not need.
pub(crate) fn commands(
    registry: &Registry,
    layout: DiscordCommands,
    everywhere: bool,
) -> Vec<Value> {
    let mut commands: Vec<Value> = match layout {
        DiscordCommands::Flat => registry
            .entries()
            .iter()
            .map(|entry| slash(entry))
            .collect(),
        DiscordCommands::Grouped => grouped(registry),
    };
    commands.push(json!({ "type": 3, "name": LOOK_UP }));

    if everywhere {
        for command in &mut commands {
            // Installable in servers and for users; usable in servers, in direct messages to the
            // bot, and in other private chats.
            command["integration_types"] = json!([0, 1]);
            command["contexts"] = json!([0, 1, 2]);
        }
    }
    commands
}

/// Returns one command per group, whose subcommands are the commands of the group.
fn grouped(registry: &Registry) -> Vec<Value> {
    let mut groups: Vec<Group> = registry
        .entries()
        .iter()
        .map(|entry| entry.spec.group)
        .collect();
    groups.sort();
    groups.dedup();

    let subcommands = |group: Group| -> Vec<Value> {
        let members = registry
            .entries()
            .iter()
            .filter(|entry| entry.spec.group == group);
        members
            .map(|entry| {
                let mut subcommand = slash(entry);
                subcommand["type"] = json!(SUBCOMMAND);
                subcommand
            })
            .collect()
    };
    groups
        .into_iter()
        .map(|group| {
            json!({
                "type": 1, "name": group_name(group), "description": group.title(),
                "options": subcommands(group),
            })
        })
        .collect()
}

/// Returns the name of the command whose subcommands are the commands of this group.
fn group_name(group: Group) -> &'static str {
    match group {
        Group::Dns => "dns",
        Group::Reachability => "net",
        Group::Mail => "mail",
        Group::Request => "my",
        Group::About => "netvane",
    }
}

fn slash(entry: &Entry) -> Value {
    let mut options: Vec<Value> = entry.arguments.iter().flat_map(option).collect();
    options.push(json!({
        "type": BOOLEAN, "name": PRIVATE, "description": "Show the answer only to you.", "required": false,
    }));
    json!({
        "type": 1, "name": entry.spec.name, "description": cut(&entry.about, DESCRIPTION),
        "options": options,
    })
}

fn option(argument: &Argument) -> Vec<Value> {
    let mut option = json!({
        "type": STRING, "name": argument.name, "description": cut(&argument.help, DESCRIPTION),
        "required": argument.required,
    });

    if argument.message {
        // Either text or a file is enough; without both, a form asks for the text.
        option["required"] = json!(false);
        let file = json!({
            "type": ATTACHMENT, "name": FILE, "description": "The same argument as a file.", "required": false,
        });
        return vec![option, file];
    }

    match argument.kind {
        ArgumentKind::Boolean => option["type"] = json!(BOOLEAN),
        ArgumentKind::Integer => {
            option["type"] = json!(INTEGER);
            for (key, bound) in [
                ("min_value", argument.minimum),
                ("max_value", argument.maximum),
            ] {
                if let Some(bound) = bound {
                    option[key] = json!(bound);
                }
            }
        }
        ArgumentKind::String if (1..=CHOICES).contains(&argument.choices.len()) => {
            let choice = |choice: &String| json!({ "name": choice, "value": choice });
            option["choices"] = argument.choices.iter().map(choice).collect();
        }
        ArgumentKind::String if argument.completes.is_some() || !argument.choices.is_empty() => {
            option["autocomplete"] = json!(true)
        }
        ArgumentKind::String => {}
    }

    vec![option]
}

/// Registers the commands, retrying temporary errors. Meanwhile the bot already handles the
/// commands that were registered before.
pub(crate) async fn keep_trying(bot: Bot, application: u64, registration: Registration) {
    let mut waits = Waits::up_to(LONGEST_WAIT);
    loop {
        let registry = bot.chat.engine().registry();
        let Err(refused) = register(&bot.rest, registry, application, &registration).await else {
            return;
        };
        if !may_pass(&refused) {
            tracing::error!(adapter = NAME, %refused, "command registration failed");
            return;
        }
        let wait = match refused {
            Refused::RateLimited { wait, .. } => wait,
            _ => waits.next_wait(),
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = bot.chat.shutdown().cancelled() => return,
        }
    }
}

/// Where and how the commands are registered.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) layout: DiscordCommands,
    /// The servers in which they are registered; if empty, everywhere.
    pub(crate) guilds: Vec<u64>,
}

/// Registers the commands globally, or only in guilds if any are set.
async fn register(
    rest: &Rest,
    registry: &Registry,
    application: u64,
    Registration { layout, guilds }: &Registration,
) -> Result<(), Refused> {
    let application_id = ApplicationId::new(application.max(1));
    if guilds.is_empty() {
        return write(rest, &commands(registry, *layout, true), || {
            Route::Commands { application_id }
        })
        .await;
    }
    let commands = commands(registry, *layout, false);
    for guild in guilds {
        let guild_id = GuildId::new((*guild).max(1));
        write(rest, &commands, || Route::GuildCommands {
            application_id,
            guild_id,
        })
        .await?;
    }
    Ok(())
}

async fn write<'a>(
    rest: &Rest,
    expected: &[Value],
    route: impl Fn() -> Route<'a>,
) -> Result<(), Refused> {
    let there = rest.get(route()).await?;
    let there = there.as_array().map(Vec::as_slice).unwrap_or_default();
    if by_name(there) == by_name(expected) {
        return Ok(());
    }
    rest.send(Method::PUT, route(), &json!(expected), &[])
        .await?;
    tracing::info!(
        adapter = NAME,
        commands = expected.len(),
        "commands registered"
    );
    Ok(())
}

/// Returns whether a retry may succeed.
fn may_pass(refused: &Refused) -> bool {
    !matches!(SendError::from(refused.clone()), SendError::Permanent(_))
}

/// Returns the commands by name and type, reduced to the fields that we set and without default
/// values. So they compare equal despite Discord's additions or another order.
fn by_name(commands: &[Value]) -> BTreeMap<(String, i64), Value> {
    let keep = |command: &Value| {
        let fields = ["description", "options", "integration_types", "contexts"];
        let kept = fields
            .iter()
            .map(|key| ((*key).to_owned(), bare(&command[*key])));
        Value::Object(kept.filter(|(_, value)| !is_default(value)).collect())
    };
    let key = |command: &Value| {
        (
            command["name"].as_str().unwrap_or_default().to_owned(),
            command["type"].as_i64().unwrap_or(1),
        )
    };
    commands
        .iter()
        .map(|command| (key(command), keep(command)))
        .collect()
}

fn bare(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(bare).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), bare(value)));
            Value::Object(
                fields
                    .filter(|(_, value)| !is_default(value))
                    .collect::<Map<_, _>>(),
            )
        }
        other => other.clone(),
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests;
