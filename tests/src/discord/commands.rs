//! Registering commands, and checking their definitions.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;
use serde_json::{Value, json};

use super::{
    refusal::{Faults, Object, Refusal, length},
    server::Answer,
    state::{APPLICATION, State},
};

const COMMAND: [&str; 14] = [
    "id",
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "default_permission",
    "nsfw",
    "contexts",
    "integration_types",
    "handler",
];
const OPTION: [&str; 15] = [
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "choices",
    "options",
    "channel_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "autocomplete",
    "file_types",
];
const LOCALES: [&str; 34] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko", "ar", "he",
];
/// Most characters of one command, all of its texts together.
const LARGEST: usize = 8000;

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

fn check(faults: &mut Faults, place: &str, value: &Value) {
    let Some(command) = Object::new(faults, place, value, &COMMAND) else {
        return;
    };
    let kind = command.whole(faults, "type", 1, 3).unwrap_or(1);
    let mut total = name(faults, &command, kind == 1);

    for (list, max) in [("contexts", 2), ("integration_types", 1)] {
        for (index, number) in command.list(faults, list, 1, 3).iter().enumerate() {
            if number.as_u64().is_none_or(|number| number > max) {
                faults.choice(&command.at(&format!("{list}.{index}")), "No such value");
            }
        }
    }

    for truth in ["nsfw", "dm_permission", "default_permission"] {
        command.truth(faults, truth);
    }

    if kind == 1 {
        total += described(faults, &command);
        total += options(faults, &command, 0);
    } else {
        for alien in ["description", "options", "description_localizations"] {
            let empty = |value: &Value| value == "" || *value == json!([]) || *value == json!({});
            if command.get(alien).is_some_and(|value| !empty(value)) {
                let message = format!("Context menu commands cannot have {alien}");
                faults.add(
                    &command.at(alien),
                    "APPLICATION_COMMAND_CONTEXT_MENU_FIELD",
                    &message,
                );
            }
        }
    }

    if total > LARGEST {
        let message = format!("Command exceeds maximum size ({LARGEST})");
        faults.add(place, "APPLICATION_COMMAND_TOO_LARGE", &message);
    }
}

/// Checks the names in all languages; returns the length of the longest.
fn name(faults: &mut Faults, object: &Object<'_>, strict: bool) -> usize {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$")
            .expect("the documentation's pattern")
    });
    let own = object.required(faults, "name", 32);
    let local = localized(faults, object, "name_localizations", 32);
    for (place, name) in [(object.at("name"), own)].iter().chain(&local) {
        if strict && (!NAME.is_match(name) || name.to_lowercase() != *name) {
            faults.add(
                place,
                "APPLICATION_COMMAND_INVALID_NAME",
                "Command name is invalid",
            );
        }
    }
    longest(own, &local)
}

fn described(faults: &mut Faults, object: &Object<'_>) -> usize {
    let own = object.required(faults, "description", 100);
    let local = localized(faults, object, "description_localizations", 100);
    longest(own, &local)
}

fn longest(own: &str, local: &[(String, &str)]) -> usize {
    local
        .iter()
        .map(|(_, text)| length(text))
        .chain([length(own)])
        .max()
        .unwrap_or_default()
}

fn localized<'a>(
    faults: &mut Faults,
    object: &Object<'a>,
    key: &str,
    max: usize,
) -> Vec<(String, &'a str)> {
    let Some(value) = object.get(key) else {
        return Vec::new();
    };
    let place = object.at(key);
    let Some(texts) = Object::new(faults, &place, value, &LOCALES) else {
        return Vec::new();
    };
    let known = LOCALES.iter().filter(|locale| texts.get(locale).is_some());
    known
        .map(|locale| (texts.at(locale), texts.required(faults, locale, max)))
        .collect()
}

fn options(faults: &mut Faults, parent: &Object<'_>, depth: usize) -> usize {
    let (mut total, mut names, mut optional) = (0, HashSet::new(), false);
    let list = parent.list(faults, "options", 0, 25);
    let nested = list
        .iter()
        .filter(|option| matches!(option["type"].as_i64(), Some(1 | 2)))
        .count();

    if nested > 0 && nested < list.len() {
        let message = "Sub-command and sub-command group option types are mutually exclusive to all other types";
        faults.add(
            &parent.at("options"),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            message,
        );
    }

    for (index, value) in list.iter().enumerate() {
        let place = parent.at(&format!("options.{index}"));
        let Some(option) = Object::new(faults, &place, value, &OPTION) else {
            continue;
        };
        let kind = option.whole(faults, "type", 1, 11).unwrap_or_default();
        if kind == 0 || (kind == 1 && depth > 1) || (kind == 2 && depth > 0) {
            faults.choice(&option.at("type"), "No option of this type can be here");
        }

        total += name(faults, &option, true) + described(faults, &option);
        if !names.insert(value["name"].to_string()) {
            let message = "Option name already exists";
            faults.add(
                &place,
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                message,
            );
        }

        let required = option.truth(faults, "required");

        if required && optional {
            let message = "Required options must be placed before non-required options";
            faults.add(
                &place,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                message,
            );
        }

        optional |= !required;
        total += details(faults, &option, kind);
        total += nested_options(faults, &option, kind, depth);
    }

    total
}

/// Checks the options of a subcommand or subcommand group, the only types that may have any;
/// returns the length of their texts.
fn nested_options(faults: &mut Faults, option: &Object<'_>, kind: i64, depth: usize) -> usize {
    let given = option.get("options");
    let has_some = given.is_some_and(|options| *options != json!([]));

    if !matches!(kind, 1 | 2) {
        if has_some {
            faults.add(
                &option.at("options"),
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "No options here",
            );
        }
        return 0;
    }

    if kind == 2 && !has_some {
        faults.required(&option.at("options"));
    }

    options(faults, option, depth + if kind == 2 { 1 } else { 2 })
}

/// Fields that are allowed only for options of some types.
const DETAILS: [(&str, &[i64]); 7] = [
    ("choices", &[3, 4, 10]),
    ("autocomplete", &[3, 4, 10]),
    ("min_value", &[4, 10]),
    ("max_value", &[4, 10]),
    ("min_length", &[3]),
    ("max_length", &[3]),
    ("channel_types", &[7]),
];

/// Checks the fields that only options of some types have; returns the length of the choices.
fn details(faults: &mut Faults, option: &Object<'_>, kind: i64) -> usize {
    for (field, kinds) in DETAILS {
        let given = option
            .get(field)
            .is_some_and(|value| *value != json!([]) && *value != false);
        if given && !kinds.contains(&kind) {
            let message = format!("Options of type {kind} have no {field}");
            faults.add(
                &option.at(field),
                "APPLICATION_COMMAND_OPTION_FIELD_INVALID",
                &message,
            );
        }
    }

    let min = option.whole_if(faults, "min_length", 0, 6000, kind == 3);
    let max = option.whole_if(faults, "max_length", 1, 6000, kind == 3);
    let number = |field| option.get(field).and_then(Value::as_f64);
    let crossed = number("min_value")
        .zip(number("max_value"))
        .is_some_and(|(min, max)| min > max);
    if crossed || min.zip(max).is_some_and(|(min, max)| min > max) {
        faults.choice(&option.at("max_value"), "The least is above the greatest");
    }

    let choices = option.list(faults, "choices", 0, 25);

    if !choices.is_empty() && option.truth(faults, "autocomplete") {
        let message = "Choices and autocomplete are mutually exclusive";
        faults.add(
            &option.at("autocomplete"),
            "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID",
            message,
        );
    }

    choice_list(faults, option, choices, kind)
}

/// Checks choices, whose names must be unique; returns the length of their texts.
fn choice_list(faults: &mut Faults, option: &Object<'_>, choices: &[Value], kind: i64) -> usize {
    let mut names = HashSet::new();
    let mut total = 0;

    for (index, value) in choices.iter().enumerate() {
        let place = option.at(&format!("choices.{index}"));
        total += choice(faults, &place, value, kind);
        if !names.insert(value["name"].to_string()) {
            let message = "Choice name already exists";
            faults.add(
                &place,
                "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
                message,
            );
        }
    }

    total
}

/// Checks one choice of an option of this type; returns its length.
pub(crate) fn choice(faults: &mut Faults, place: &str, value: &Value, kind: i64) -> usize {
    let known = ["name", "name_localizations", "value"];
    let Some(choice) = Object::new(faults, place, value, &known) else {
        return 0;
    };
    let own = choice.required(faults, "name", 100);
    let local = localized(faults, &choice, "name_localizations", 100);
    let value = choice.get("value").unwrap_or(&Value::Null);
    let fits = match kind {
        4 => value.is_i64() || value.is_u64(),
        10 => value.is_number(),
        _ => value.is_string(),
    };

    if !fits {
        faults.choice(
            &choice.at("value"),
            &format!("No value of an option of type {kind}"),
        );
    }

    let text = if value.is_string() {
        choice.required(faults, "value", 100)
    } else {
        ""
    };

    longest(own, &local) + length(text)
}
