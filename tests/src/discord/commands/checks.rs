//! Checks of a command's form: names, descriptions and languages.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::{
    super::refusal::{Faults, Object, length},
    options::options,
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

const LOCALES: [&str; 34] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko", "ar", "he",
];
/// Most characters of one command, all of its texts together.
const LARGEST: usize = 8000;

pub(super) fn check(faults: &mut Faults, place: &str, value: &Value) {
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
pub(super) fn name(faults: &mut Faults, object: &Object<'_>, strict: bool) -> usize {
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

pub(super) fn described(faults: &mut Faults, object: &Object<'_>) -> usize {
    let own = object.required(faults, "description", 100);
    let local = localized(faults, object, "description_localizations", 100);
    longest(own, &local)
}

pub(super) fn longest(own: &str, local: &[(String, &str)]) -> usize {
    local
        .iter()
        .map(|(_, text)| length(text))
        .chain([length(own)])
        .max()
        .unwrap_or_default()
}

pub(super) fn localized<'a>(
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
