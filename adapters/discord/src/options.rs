//! Reading of user input: the options of a slash command, or the fields of a form.

use netvane_core::{
    Input,
    command::Entry,
    spec::{Argument, ArgumentKind},
};
use serde_json::{Map, Value, json};
use serenity::model::{
    application::{
        ActionRow, ActionRowComponent, CommandData, CommandDataOption, CommandDataOptionValue,
        CommandDataResolved,
    },
    channel::Attachment,
};

use crate::{
    escape::{cut, length},
    register,
};

/// Longest title of a modal in characters, by Discord's rules.
const TITLE: usize = 45;
const LABEL: usize = 45;
const PLACEHOLDER: usize = 100;
const INPUTS: usize = 5;
const PASTED: usize = 4000;

/// A slash command with the values of its options, or a submitted form.
#[derive(Debug)]
pub(crate) struct SlashOptions<'a> {
    pub name: &'a str,
    pub arguments: Map<String, Value>,
    pub hidden: bool,
    pub file: Option<&'a Attachment>,
}

impl<'a> SlashOptions<'a> {
    /// Reads the options of a slash command from the interaction.
    pub(crate) fn read(data: &'a CommandData) -> Self {
        // A command of a group is its subcommand.
        let (name, given) = match data.options.as_slice() {
            [
                CommandDataOption {
                    name,
                    value: CommandDataOptionValue::SubCommand(given),
                    ..
                },
            ] => (name, given.as_slice()),
            given => (&data.name, given),
        };
        let mut options = Self {
            name,
            arguments: Map::new(),
            hidden: false,
            file: None,
        };

        for option in given {
            let value = match &option.value {
                CommandDataOptionValue::Boolean(hidden) if option.name == register::PRIVATE => {
                    options.hidden = *hidden;
                    continue;
                }
                CommandDataOptionValue::Attachment(id) => {
                    let CommandDataResolved { attachments, .. } = &data.resolved;
                    options.file = attachments.get(id);
                    continue;
                }
                CommandDataOptionValue::Boolean(set) => json!(set),
                CommandDataOptionValue::Integer(number) => json!(number),
                CommandDataOptionValue::Number(number) => json!(number),
                CommandDataOptionValue::String(text) => json!(text),
                _ => continue,
            };

            options.arguments.insert(option.name.clone(), value);
        }

        options
    }

    pub(crate) fn input(&self) -> Input {
        Input::Named {
            name: self.name.to_owned(),
            arguments: self.arguments.clone(),
        }
    }
}

/// Returns the form that asks for a command's arguments, filled with the known values.
pub(crate) fn dialogue(entry: &Entry, hidden: bool, known: &Map<String, Value>) -> Value {
    let inputs: Vec<Value> = entry
        .arguments
        .iter()
        .take(INPUTS)
        .map(|argument| json!({ "type": 1, "components": [field(argument, known)] }))
        .collect();
    json!({
        "custom_id": format!("ask:{}:{}", entry.spec.name, u8::from(hidden)),
        "title": title(entry),
        "components": inputs,
    })
}

/// Returns the command's name with its description, if both fit.
fn title(entry: &Entry) -> String {
    let whole = format!("{}: {}", entry.spec.name, entry.about);
    if length(&whole) <= TITLE {
        whole
    } else {
        format!("/{}", entry.spec.name)
    }
}

fn field(argument: &Argument, known: &Map<String, Value>) -> Value {
    let mut field = json!({
        "type": 4, "custom_id": argument.name, "label": cut(&argument.name, LABEL),
        "style": if argument.message { 2 } else { 1 }, "required": argument.required,
        "placeholder": cut(&argument.help, PLACEHOLDER), "max_length": PASTED,
    });
    let value = known.get(&argument.name).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    if let Some(value) = value.filter(|value| (1..=PASTED).contains(&value.chars().count())) {
        field["value"] = json!(value);
    }
    field
}

/// Reads the custom id of a form, or of the button that opens it: the name of the command, and
/// whether only the user sees the reply.
pub(crate) fn about(custom_id: &str) -> Option<(&str, bool)> {
    let (name, hidden) = custom_id.strip_prefix("ask:")?.split_once(':')?;
    Some((name, hidden == "1"))
}

/// Returns the input of a submitted form. Empty and unknown fields are left out.
pub(crate) fn submitted(entry: &Entry, rows: &[ActionRow]) -> Input {
    let fields =
        rows.iter()
            .flat_map(|row| &row.components)
            .filter_map(|component| match component {
                ActionRowComponent::InputText(text) => {
                    Some((&text.custom_id, text.value.as_deref()?.trim()))
                }
                _ => None,
            });

    let argument = |name: &str| {
        entry
            .arguments
            .iter()
            .find(|argument| argument.name == name)
    };

    let given = fields
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| {
            let number = || value.parse::<i64>().ok();
            let value = match argument(name)?.kind {
                ArgumentKind::Integer => {
                    number().map_or_else(|| json!(value), |number| json!(number))
                }
                _ => json!(value),
            };
            Some((name.clone(), value))
        });

    Input::Named {
        name: entry.spec.name.to_owned(),
        arguments: given.collect(),
    }
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, settings::Settings};

    use super::*;

    fn data(value: Value) -> CommandData {
        serde_json::from_value(value).expect("a command's data")
    }

    #[test]
    fn options_become_arguments() {
        let data = data(json!({
            "id": "1", "name": "ping", "type": 1, "options": [
                { "type": 3, "name": "target", "value": "192.0.2.1" },
                { "type": 4, "name": "count", "value": 3 },
                { "type": 5, "name": "private", "value": true },
            ],
        }));
        let options = SlashOptions::read(&data);
        assert!(options.hidden && options.file.is_none());
        assert_eq!(
            Value::from(options.arguments),
            json!({ "target": "192.0.2.1", "count": 3 })
        );
    }

    #[test]
    fn the_command_of_a_group_is_its_subcommand() {
        let data = data(json!({
            "id": "1", "name": "dns", "type": 1, "options": [{ "type": 1, "name": "mx", "options": [
                { "type": 3, "name": "domain", "value": "example.com" },
            ] }],
        }));
        let options = SlashOptions::read(&data);
        assert_eq!(options.name, "mx");
        assert_eq!(
            Value::from(options.arguments),
            json!({ "domain": "example.com" })
        );
    }

    #[test]
    fn reads_an_attached_file() {
        let file = json!({ "id": "7", "filename": "a.eml", "size": 3, "url": "https://a.example", "proxy_url": "" });
        let data = data(json!({
            "id": "1", "name": "trace_mail", "type": 1,
            "options": [{ "type": 11, "name": "file", "value": "7" }],
            "resolved": { "attachments": { "7": file } },
        }));
        assert_eq!(
            SlashOptions::read(&data)
                .file
                .map(|file| file.filename.as_str()),
            Some("a.eml")
        );
    }

    #[test]
    fn every_command_has_a_form_within_the_limits() {
        let engine = Engine::new(&Settings::default()).expect("starts");
        for entry in engine.registry().entries() {
            let known = Map::from_iter([("target".to_owned(), json!("a.example"))]);
            let dialogue = dialogue(entry, true, &known);
            let title = dialogue["title"].as_str().expect("a title");
            assert!(
                (1..=TITLE).contains(&title.encode_utf16().count()),
                "{title}"
            );
            let id = dialogue["custom_id"].as_str().expect("an id");
            assert_eq!(about(id), Some((entry.spec.name, true)));
            let rows = dialogue["components"].as_array().expect("rows");
            assert_eq!(rows.len(), entry.arguments.len().min(INPUTS));
        }
    }

    #[test]
    fn form_fields_become_arguments() {
        let engine = Engine::new(&Settings::default()).expect("starts");
        let entry = engine.registry().find("ping").expect("a command");
        let row = |name: &str, value: &str| -> ActionRow {
            let field = json!({ "type": 4, "custom_id": name, "value": value });
            serde_json::from_value(json!({ "type": 1, "components": [field] })).expect("a row")
        };
        let rows = [
            row("target", " a.example "),
            row("count", "2"),
            row("resolver", ""),
            row("alien", "x"),
        ];
        let wanted = json!({ "target": "a.example", "count": 2 });
        assert_eq!(
            submitted(entry, &rows),
            Input::Named {
                name: "ping".into(),
                arguments: wanted.as_object().cloned().expect("an object")
            }
        );
    }
}
