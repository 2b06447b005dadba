//! Registering commands, and checking their definitions.

mod checks;
mod options;

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    refusal::{Faults, Refusal},
    server::Answer,
    state::{APPLICATION, State},
};
use checks::check;

pub(crate) use options::choice;

pub(crate) fn list(state: &mut State, method: &str, guild: Option<&str>, body: &Value) -> Answer {
    let scope = guild.map(str::to_owned);

    match method {
        "GET" => Ok((
            200,
            Some(json!(
                state.commands.get(&scope).cloned().unwrap_or_default()
            )),
        )),
        "PUT" => {
            let mut faults = Faults::default();
            let new = body.as_array().cloned().unwrap_or_default();
            let mut names = HashSet::new();

            for (index, command) in new.iter().enumerate() {
                check(&mut faults, &index.to_string(), command);
                if !names.insert((kind(command), command["name"].to_string())) {
                    let message = "Application command names must be unique";
                    faults.add(
                        &index.to_string(),
                        "APPLICATION_COMMANDS_DUPLICATE_NAME",
                        message,
                    );
                }
            }

            faults.result()?;
            room(&new)?;
            let before = state.commands.remove(&scope).unwrap_or_default();
            let after: Vec<Value> = new
                .iter()
                .map(|command| register(state, guild, command, same(&before, command)))
                .collect();
            state.commands.insert(scope, after.clone());

            Ok((200, Some(json!(after))))
        }
        "POST" => {
            let mut faults = Faults::default();
            check(&mut faults, "", body);
            faults.result()?;
            let mut all = state.commands.get(&scope).cloned().unwrap_or_default();
            let before = same(&all, body).cloned();
            let command = register(state, guild, body, before.as_ref());
            all.retain(|kept| Some(&kept["id"]) != before.as_ref().map(|before| &before["id"]));
            all.push(command.clone());
            room(&all)?;
            state.commands.insert(scope, all);
            Ok((if before.is_some() { 200 } else { 201 }, Some(command)))
        }
        _ => Err(Refusal::new(405, 0, "405: Method Not Allowed")),
    }
}

pub(crate) fn one(
    state: &mut State,
    method: &str,
    guild: Option<&str>,
    id: &str,
    body: &Value,
) -> Answer {
    let scope = guild.map(str::to_owned);
    let mut all = state.commands.get(&scope).cloned().unwrap_or_default();
    let index = all.iter().position(|command| command["id"] == id);
    let index = index.ok_or_else(|| Refusal::new(404, 10063, "Unknown application command"))?;

    match method {
        "GET" => return Ok((200, Some(all.swap_remove(index)))),
        "DELETE" => {
            all.remove(index);
            state.commands.insert(scope, all);
            return Ok((204, None));
        }
        "PATCH" => {}
        _ => return Err(Refusal::new(405, 0, "405: Method Not Allowed")),
    }

    let mut form = all[index].clone();
    for ours in ["application_id", "version", "guild_id"] {
        form.as_object_mut().and_then(|form| form.remove(ours));
    }

    for (key, value) in body.as_object().into_iter().flatten() {
        form[key] = value.clone();
    }

    let mut faults = Faults::default();
    check(&mut faults, "", &form);
    faults.result()?;
    let command = register(state, guild, &form, Some(&all[index]));
    all[index] = command.clone();
    state.commands.insert(scope, all);

    Ok((200, Some(command)))
}

fn kind(command: &Value) -> i64 {
    command["type"].as_i64().unwrap_or(1)
}

fn same<'a>(all: &'a [Value], new: &Value) -> Option<&'a Value> {
    all.iter()
        .find(|old| old["name"] == new["name"] && kind(old) == kind(new))
}

fn room(all: &[Value]) -> Result<(), Refusal> {
    let full = |of, most| all.iter().filter(|command| kind(command) == of).count() > most;
    if full(1, 100) || full(2, 15) || full(3, 15) {
        return Err(Refusal::new(
            400,
            30032,
            "Maximum number of application commands reached",
        ));
    }
    Ok(())
}

/// Returns a registered command in Discord's form.
fn register(state: &mut State, guild: Option<&str>, form: &Value, before: Option<&Value>) -> Value {
    let id = before.map_or_else(|| json!(state.snowflake()), |before| before["id"].clone());
    let mut command = json!({
        "id": id, "application_id": APPLICATION, "version": state.snowflake(), "type": 1,
        "default_member_permissions": null, "description": "", "dm_permission": true, "nsfw": false,
        "contexts": null, "integration_types": [0],
    });
    if let Some(guild) = guild {
        command["guild_id"] = json!(guild);
    }
    for (key, value) in form
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "id")
    {
        command[key] = value.clone();
    }
    command
}
