//! Checks of the options and choices of a command.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    super::refusal::{Faults, Object, length},
    checks::{described, localized, longest, name},
};

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

pub(super) fn options(faults: &mut Faults, parent: &Object<'_>, depth: usize) -> usize {
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
