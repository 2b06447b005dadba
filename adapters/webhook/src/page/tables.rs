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
            table.cards {
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

/// Levels of fields inside fields that are listed.
const LEVELS: usize = 3;

/// A field of a command's data: its path and its schema.
struct FieldRow<'a> {
    path: String,
    schema: &'a Value,
}

/// Renders the table of a command's data fields, from their schema.
pub(super) fn fields(schema: &Value) -> Markup {
    let mut rows = Vec::new();
    add_fields("", schema, 0, &mut rows);
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: fields of the data" {
            table.cards {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                tbody {
                    @for FieldRow { path, schema } in rows {
                        tr {
                            th scope="row" { code { (path) } }
                            td { (type_of(schema)) }
                            td {
                                (words(&described(schema)))
                                @if let Some(values) = values_of(schema) { " One of " (values) "." }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Lists the properties of an object, each followed by those of the objects in it: `hosts[].addresses`.
fn add_fields<'a>(start: &str, schema: &'a Value, level: usize, rows: &mut Vec<FieldRow<'a>>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if start.is_empty() {
            name.clone()
        } else {
            format!("{start}.{name}")
        };
        rows.push(FieldRow {
            path: path.clone(),
            schema: property,
        });
        if level + 1 < LEVELS {
            let (inner, suffix) = object_in(property);
            add_fields(&format!("{path}{suffix}"), inner, level + 1, rows);
        }
    }
}

/// The object in a property, and `[]` for each list around it.
fn object_in(property: &Value) -> (&Value, String) {
    let alternatives = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|name| property[*name].as_array())
        .flatten();
    let (mut inner, mut suffix) = (property, String::new());
    for alternative in alternatives {
        if alternative["type"] != "null" {
            inner = alternative;
        }
    }
    while inner["items"].is_object() {
        inner = &inner["items"];
        suffix.push_str("[]");
    }
    (inner, suffix)
}

fn described(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.replace('\n', " ")
}

/// The allowed values of a field, where they are named.
fn values_of(schema: &Value) -> Option<Markup> {
    let (inner, _) = object_in(schema);
    let of_enum = inner["enum"].as_array().into_iter().flatten();
    let of_choices = ["oneOf", "anyOf"]
        .iter()
        .filter_map(|name| inner[*name].as_array().or(schema[*name].as_array()))
        .flatten();
    let in_choices = of_choices.flat_map(|choice| {
        let many = choice["enum"].as_array().into_iter().flatten();
        many.chain(choice.get("const"))
    });
    let mut values: Vec<&str> = of_enum
        .chain(in_choices)
        .filter_map(Value::as_str)
        .collect();
    values.dedup();
    (values.len() > 1).then(|| {
        html! {
            @for (index, value) in values.iter().enumerate() {
                @if index > 0 { ", " }
                code { (value) }
            }
        }
    })
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
    fn lists_fields_inside_fields_with_their_values() {
        let schema = json!({"properties": {
            "hosts": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": "string", "description": "Name of the\nhost."},
                "state": {"oneOf": [{"const": "up"}, {"const": "down"}]},
            }}},
            "tls": {"anyOf": [{"type": "object", "properties": {"version": {"enum": ["1.2", "1.3"]}}}, {"type": "null"}]},
        }});
        let shown = fields(&schema).into_string();
        for expected in [
            "<code>hosts</code>",
            "<code>hosts[].name</code>",
            "Name of the host.",
            "One of <code>up</code>, <code>down</code>.",
            "<code>tls.version</code>",
            "One of <code>1.2</code>, <code>1.3</code>.",
        ] {
            assert!(shown.contains(expected), "{expected} in {shown}");
        }
    }

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
