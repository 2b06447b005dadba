//! The bot's profile: commands, texts and menus.

use serde_json::{Value, json};

use super::{
    methods::done,
    parameters::Parameters,
    refusal::{Answer, Refusal},
    state::State,
};

const SCOPES: [&str; 7] = [
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    "chat",
    "chat_administrators",
    "chat_member",
];

/// Returns the scope and the language of a call.
fn place(parameters: &Parameters) -> Result<(String, String), Refusal> {
    let scope = parameters
        .get("scope")
        .cloned()
        .unwrap_or_else(|| json!({ "type": "default" }));
    let kind = scope["type"].as_str().unwrap_or_default();
    if !SCOPES.contains(&kind) {
        return Err(Refusal::bad(format!("unsupported type specified: {scope}")));
    }
    if kind.starts_with("chat") && scope.get("chat_id").is_none() {
        return Err(Refusal::bad("chat identifier must be non-empty"));
    }
    Ok((scope.to_string(), language(parameters)?))
}

fn language(parameters: &Parameters) -> Result<String, Refusal> {
    let language = parameters.text("language_code")?.unwrap_or_default();
    if language.is_empty()
        || language.len() == 2 && language.chars().all(|c| c.is_ascii_lowercase())
    {
        return Ok(language.to_owned());
    }
    Err(Refusal::bad("invalid language code specified"))
}

pub(super) fn set_commands(state: &mut State, parameters: &Parameters) -> Answer {
    let place = place(parameters)?;
    let list = parameters.get("commands").and_then(Value::as_array);
    let list = list.ok_or_else(|| Refusal::bad("expected an Array of BotCommand"))?;
    if list.len() > 100 {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }

    let mut names = Vec::new();

    for command in list {
        let name = command["command"].as_str().unwrap_or_default();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(fits) {
            return Err(Refusal::bad(format!("BOT_COMMAND_INVALID ({name:?})")));
        }

        let length = command["description"]
            .as_str()
            .unwrap_or_default()
            .trim()
            .chars()
            .count();

        if !(1..=256).contains(&length) {
            return Err(Refusal::bad(format!(
                "BOT_COMMAND_DESCRIPTION_INVALID (of {name})"
            )));
        }

        if names.contains(&name) {
            state.violation(format!("setMyCommands: {name} twice"));
        }

        names.push(name);
    }

    state.commands.insert(place, Value::Array(list.clone()));

    done()
}

pub(super) fn commands(state: &State, parameters: &Parameters) -> Answer {
    Ok(state
        .commands
        .get(&place(parameters)?)
        .cloned()
        .unwrap_or_else(|| json!([])))
}

pub(super) fn delete_commands(state: &mut State, parameters: &Parameters) -> Answer {
    state.commands.remove(&place(parameters)?);
    done()
}

pub(super) fn set_text(
    state: &mut State,
    parameters: &Parameters,
    name: &str,
    most: usize,
) -> Answer {
    let text = parameters.text(name)?.unwrap_or_default();
    if text.chars().count() > most {
        return Err(Refusal::bad(format!("{name} is too long")));
    }
    state
        .texts
        .insert((name.to_owned(), language(parameters)?), text.to_owned());
    done()
}
