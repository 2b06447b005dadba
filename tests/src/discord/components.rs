//! Checks of buttons, menus and modals: the first version of components.

use std::collections::HashSet;

use serde_json::Value;

use super::refusal::{Faults, Object};

const BUTTON: [&str; 9] = [
    "type",
    "id",
    "style",
    "label",
    "emoji",
    "custom_id",
    "url",
    "disabled",
    "sku_id",
];
const SELECT: [&str; 11] = [
    "type",
    "id",
    "custom_id",
    "options",
    "placeholder",
    "min_values",
    "max_values",
    "disabled",
    "default_values",
    "channel_types",
    "required",
];
const OPTION: [&str; 5] = ["label", "value", "description", "emoji", "default"];
const INPUT: [&str; 10] = [
    "type",
    "id",
    "custom_id",
    "style",
    "label",
    "min_length",
    "max_length",
    "required",
    "value",
    "placeholder",
];

/// Checks the rows of buttons and menus below a message.
pub(crate) fn check_message(faults: &mut Faults, message: &Object<'_>) {
    rows(faults, message, 0, |faults, row, names| {
        let parts = row.list(faults, "components", 1, 5);
        let menus = parts.iter().filter(|part| part["type"] != 2).count();
        if menus > 0 && parts.len() > 1 {
            faults.add(
                &row.at("components"),
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The row is too wide",
            );
        }
        for (index, part) in parts.iter().enumerate() {
            let place = row.at(&format!("components.{index}"));
            match part["type"].as_i64() {
                Some(2) => button(faults, &place, part, names),
                Some(3 | 5..=8) => select(faults, &place, part, names),
                _ => faults.choice(
                    &format!("{place}.type"),
                    "Value must be one of {2, 3, 5, 6, 7, 8}.",
                ),
            }
        }
    });
}

/// Checks the response that opens a modal.
pub(crate) fn check_modal(faults: &mut Faults, place: &str, modal: &Value) {
    let Some(modal) = Object::new(faults, place, modal, &["custom_id", "title", "components"])
    else {
        return;
    };
    modal.required(faults, "custom_id", 100);
    modal.required(faults, "title", 45);
    rows(faults, &modal, 1, |faults, row, names| {
        for (index, part) in row.list(faults, "components", 1, 1).iter().enumerate() {
            let place = row.at(&format!("components.{index}"));
            let Some(input) = Object::new(faults, &place, part, &INPUT) else {
                continue;
            };
            input.whole(faults, "type", 4, 4);
            custom_id(faults, &input, names);
            input.required(faults, "label", 45);
            if input.whole(faults, "style", 1, 2).is_none() {
                faults.required(&input.at("style"));
            }

            let min = input.whole(faults, "min_length", 0, 4000).unwrap_or(0);
            let max = input.whole(faults, "max_length", 1, 4000).unwrap_or(4000);

            if min > max {
                faults.choice(
                    &input.at("min_length"),
                    "The least length is above the greatest",
                );
            }

            input.truth(faults, "required");
            input.text(faults, "placeholder", 0, 100);
            let (min, max) = (
                usize::try_from(min).unwrap_or(0),
                usize::try_from(max).unwrap_or(4000),
            );

            // An empty value counts as absent.
            if input.get("value").is_some_and(|value| value != "") {
                input.text(faults, "value", min, max);
            }
        }
    });
}

/// Checks at most five rows, each with `check`, which also collects the names used so far.
fn rows(
    faults: &mut Faults,
    parent: &Object<'_>,
    min: usize,
    mut check: impl FnMut(&mut Faults, &Object<'_>, &mut HashSet<String>),
) {
    let mut names = HashSet::new();
    if min > 0 && parent.get("components").is_none() {
        faults.required(&parent.at("components"));
    }

    for (index, row) in parent.list(faults, "components", min, 5).iter().enumerate() {
        let place = parent.at(&format!("components.{index}"));
        if row["type"] != 1 {
            faults.choice(&format!("{place}.type"), "Value must be one of {1}.");
            continue;
        }
        let Some(row) = Object::new(faults, &place, row, &["type", "id", "components"]) else {
            continue;
        };
        if row.get("components").is_none() {
            faults.required(&row.at("components"));
        }
        check(faults, &row, &mut names);
    }
}

fn custom_id(faults: &mut Faults, part: &Object<'_>, names: &mut HashSet<String>) {
    let name = part.required(faults, "custom_id", 100);
    if !names.insert(name.to_owned()) {
        let message = "Component custom id cannot be duplicated";
        faults.add(
            &part.at("custom_id"),
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            message,
        );
    }
}

fn button(faults: &mut Faults, place: &str, value: &Value, names: &mut HashSet<String>) {
    let Some(button) = Object::new(faults, place, value, &BUTTON) else {
        return;
    };
    button.text(faults, "label", 0, 80);
    button.truth(faults, "disabled");
    if button.get("label").is_none_or(|label| label == "") && button.get("emoji").is_none() {
        faults.add(
            place,
            "BUTTON_COMPONENT_INVALID_LABEL",
            "A button needs a label or an emoji",
        );
    }

    match button.whole(faults, "style", 1, 5) {
        Some(5) => {
            if button.get("custom_id").is_some() {
                let message = "A custom id and url cannot both be specified";
                faults.add(
                    &button.at("custom_id"),
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    message,
                );
            }
            if button
                .link(faults, "url", &["http", "https", "discord"], 512)
                .is_none()
            {
                faults.required(&button.at("url"));
            }
        }
        Some(_) => {
            if button.get("url").is_some() {
                let message = "A custom id and url cannot both be specified";
                faults.add(
                    &button.at("url"),
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    message,
                );
            }
            custom_id(faults, &button, names);
        }
        None => faults.required(&button.at("style")),
    }
}

fn select(faults: &mut Faults, place: &str, value: &Value, names: &mut HashSet<String>) {
    let Some(select) = Object::new(faults, place, value, &SELECT) else {
        return;
    };
    custom_id(faults, &select, names);
    select.text(faults, "placeholder", 0, 150);
    select.truth(faults, "disabled");
    let min = select.whole(faults, "min_values", 0, 25).unwrap_or(1);
    let max = select.whole(faults, "max_values", 1, 25).unwrap_or(1);
    if value["type"] != 3 {
        return;
    }

    if select.get("options").is_none() {
        faults.required(&select.at("options"));
    }

    let options = select.list(faults, "options", 1, 25);

    if min > max || usize::try_from(max).is_ok_and(|max| max > options.len()) {
        faults.choice(
            &select.at("max_values"),
            "More values than there are options",
        );
    }

    let mut values = HashSet::new();

    for (index, option) in options.iter().enumerate() {
        let place = select.at(&format!("options.{index}"));
        let Some(option) = Object::new(faults, &place, option, &OPTION) else {
            continue;
        };
        option.required(faults, "label", 100);
        option.text(faults, "description", 0, 100);
        option.truth(faults, "default");
        if !values.insert(option.required(faults, "value", 100)) {
            let message = "The specified option value is already used";
            faults.add(
                &option.at("value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                message,
            );
        }
    }

    if options
        .iter()
        .filter(|option| option["default"] == true)
        .count()
        > usize::try_from(max).unwrap_or(1)
    {
        faults.choice(&select.at("options"), "More defaults than values");
    }
}
