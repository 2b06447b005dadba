//! Arguments as help, completion and chat platforms see them, read from the JSON Schema of the
//! argument struct.

use schemars::Schema;
use serde::Deserialize;
use serde_json::Value;

use crate::spec::{Argument, ArgumentKind, Completes};

/// Returns the doc comment of the argument struct on one line, without its final full stop; empty
/// if it has none.
pub(super) fn description(schema: &Schema) -> String {
    let text = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .replace('\n', " ");
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

pub(super) fn arguments(schema: &Schema) -> Vec<Argument> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();

    let argument = |(name, property): (&String, &Value)| {
        let types: Vec<&str> = match &property["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let kind = if types.contains(&"integer") {
            ArgumentKind::Integer
        } else if types.contains(&"boolean") {
            ArgumentKind::Boolean
        } else {
            ArgumentKind::String
        };

        Argument {
            name: name.clone(),
            help: property["description"]
                .as_str()
                .unwrap_or_default()
                .replace('\n', " "),
            kind,
            required: required.contains(&name.as_str()),
            rest: property["x-rest"] == true,
            verbatim: property["x-verbatim"] == true || property["x-message"] == true,
            message: property["x-message"] == true,
            form: property["x-form"].as_str().map(str::to_owned),
            completes: Completes::deserialize(&property["x-completes"]).ok(),
            minimum: property["minimum"].as_i64(),
            maximum: property["maximum"].as_i64(),
            or_endless: property["x-or-endless"] == true,
            choices: property["enum"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        }
    };

    properties.iter().map(argument).collect()
}

#[cfg(test)]
mod tests;
