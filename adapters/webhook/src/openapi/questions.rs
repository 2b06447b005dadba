//! Schemas of lookup requests: the members of [`LookupRequest`] in the combinations that are
//! accepted, with the arguments of each command.

use netvane_core::{command::Registry, document::public_schema_settings};
use schemars::{Schema, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value, json};

use crate::api::LookupRequest;

/// Describes a lookup request that is a whole request body.
pub(super) fn request_body(registry: &Registry) -> Schema {
    question(registry, "callback")
}

/// Describes a lookup request that is a line of a batch.
pub(super) fn batch_line(registry: &Registry) -> Schema {
    question(registry, "ref")
}

/// Describes both forms of a lookup request, with one more member of [`LookupRequest`]: `extra`.
fn question(registry: &Registry, extra: &str) -> Schema {
    let members = members();
    let line = json!({
        "type": "object", "required": ["command"], "additionalProperties": false,
        "properties": { "command": members.get("command"), extra: members.get(extra) },
    });
    let named = by_arguments(registry)
        .into_iter()
        .map(|(arguments, names)| {
            let required: &[&str] = if arguments["type"] == "object" {
                &["name", "arguments"]
            } else {
                &["name"]
            };
            json!({
                "type": "object", "required": required, "additionalProperties": false,
                "properties": {
                    "name": { "enum": names }, "arguments": arguments, extra: members.get(extra),
                },
            })
        });
    let forms: Vec<Value> = std::iter::once(line).chain(named).collect();
    json_schema!({ "type": "object", "anyOf": forms })
}

/// Returns the members of [`LookupRequest`] with their schemas.
fn members() -> Map<String, Value> {
    let generator = public_schema_settings(SchemaSettings::draft2020_12()).into_generator();
    let mut schema = generator.into_root_schema_for::<LookupRequest>();
    match schema.remove("properties") {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Returns the distinct argument schemas, each with the names of the commands that use it: commands
/// with the same arguments share one form.
fn by_arguments(registry: &Registry) -> Vec<(Value, Vec<&str>)> {
    let mut forms: Vec<(Value, Vec<&str>)> = Vec::new();
    for entry in registry.entries() {
        let mut arguments: Value = entry.arguments_schema.clone().into();
        if let Some(members) = arguments.as_object_mut() {
            members.retain(|name, _| !matches!(name.as_str(), "title" | "description"));
            let properties = members.entry("properties").or_insert_with(|| json!({}));
            // It belongs to the envelope, not to the command.
            properties["short"] = json!({
                "type": "boolean", "description": "Text formats show values only, one per line.",
            });
        }
        if !entry.arguments.iter().any(|argument| argument.required) {
            arguments["type"] = json!(["object", "null"]);
        }
        let names = std::iter::once(entry.spec.name).chain(entry.spec.aliases.iter().copied());
        match forms.iter_mut().find(|(form, _)| *form == arguments) {
            Some((_, others)) => others.extend(names),
            None => forms.push((arguments, names.collect())),
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member that is read but not described would be undocumented.
    #[test]
    fn covers_every_member_of_a_question() {
        let names: Vec<String> = members().keys().cloned().collect();
        assert_eq!(names, ["command", "name", "arguments", "ref", "callback"]);
    }
}
