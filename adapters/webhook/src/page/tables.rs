//! Tables of a command's arguments and of its output's fields.

use maud::{Markup, html};
use netvane_core::{
    command::Entry,
    spec::{Argument, ArgumentKind},
};
use serde_json::Value;

use super::document::words;

/// Renders the table of a command's arguments.
pub(super) fn arguments(entry: &Entry) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: arguments" {
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Meaning" } th scope="col" { "Format" } } }
                tbody {
                    @for argument in &entry.arguments {
                        tr {
                            th scope="row" { code { (argument.name) } }
                            td { (words(&argument.help)) @if argument.required { " Required." } }
                            td { (words(&form_of(argument))) }
                        }
                    }
                }
            }
        }
    }
}

fn form_of(argument: &Argument) -> String {
    match argument {
        Argument {
            form: Some(form), ..
        } => form.clone(),
        Argument { choices, .. } if !choices.is_empty() => choices.join(", "),
        Argument {
            kind: ArgumentKind::Boolean,
            ..
        } => "yes or no".into(),
        Argument {
            minimum: Some(least),
            maximum: Some(most),
            ..
        } => format!("{least} to {most}"),
        Argument {
            kind: ArgumentKind::Integer,
            ..
        } => "a number".into(),
        _ => "text".into(),
    }
}

/// Renders the table of a command's data fields, from their schema.
pub(super) fn fields(schema: &Value) -> Markup {
    let properties = schema["properties"].as_object().into_iter().flatten();
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: fields of the data" {
            table {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                tbody {
                    @for (name, property) in properties {
                        tr {
                            th scope="row" { code { (name) } }
                            td { (type_of(property)) }
                            td { (words(&property["description"].as_str().unwrap_or_default().replace('\n', " "))) }
                        }
                    }
                }
            }
        }
    }
}

fn type_of(property: &Value) -> String {
    let alternatives = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|name| property[*name].as_array())
        .flatten();
    let named = |value: &Value| match value.as_str() {
        Some("array") => format!("array of {}", type_of(&property["items"])),
        Some("null") => "null".into(),
        Some(name) => name.to_owned(),
        None => "any".into(),
    };
    let mut names: Vec<String> = match &property["type"] {
        Value::Array(types) => types.iter().map(named).collect(),
        Value::Null => alternatives.map(type_of).collect(),
        one => vec![named(one)],
    };
    names.sort_by_key(|name| name == "null");
    names.dedup();
    if names.is_empty() {
        "text".into()
    } else {
        names.join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_types_in_words() {
        for (property, words) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": ["null", "integer"]}), "integer or null"),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                "array of string",
            ),
            (
                json!({"type": "array", "items": {"type": "array", "items": {}}}),
                "array of array of text",
            ),
            (
                json!({"anyOf": [{"type": "null"}, {"type": "string"}]}),
                "string or null",
            ),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "string"}]}),
                "string",
            ),
            (json!({"type": [7]}), "any"),
            (json!({}), "text"),
            (json!(true), "text"),
        ] {
            assert_eq!(type_of(&property), words, "{property}");
        }
    }
}
