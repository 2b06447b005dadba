//! Arguments as help, completion and chat platforms see them, read from the JSON Schema of the argument struct.

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One argument, as help, completion and chat platforms see it. Derived from the argument's type.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(description = "An argument of a command.")]
pub struct Argument {
    /// As it is given by name.
    pub name: String,
    /// What it is, in a sentence.
    pub help: String,
    /// What sort of value.
    #[serde(rename = "type")]
    pub kind: ArgumentKind,
    /// Whether it must be given.
    pub required: bool,
    /// Takes the rest of the line.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
    /// A mail message: pasted, uploaded, or the message replied to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub message: bool,
    /// What may be written, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub form: Option<String>,
    /// Where suggestions for it come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Completes")]
    pub completes: Option<Completes>,
    /// Lowest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub minimum: Option<i64>,
    /// Highest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub maximum: Option<i64>,
    /// All allowed values, where they are few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// The sorts of values that every platform can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArgumentKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A switch.
    Boolean,
}

/// Where suggestions for an argument come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Completes {
    /// Names and addresses that were asked about lately.
    Target,
    /// DNS record types.
    RecordType,
    /// Services by name.
    Port,
    /// DNS servers.
    Resolver,
    /// Commands.
    Command,
}

/// One schema without references: small, and every reader understands it.
pub(super) fn inline_schema<T: JsonSchema>() -> Schema {
    inline(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}

/// The same for what is written and never read: a field that is always written is required.
pub(crate) fn written_schema<T: JsonSchema>() -> Schema {
    inline(SchemaSettings::draft2020_12().for_serialize()).into_root_schema_for::<T>()
}

fn inline(settings: SchemaSettings) -> SchemaGenerator {
    let settings = settings.with(|settings| settings.inline_subschemas = true);
    public_schema_settings(settings).into_generator()
}

/// Settings of schemas that others read: without the formats that only schemars knows.
pub fn public_schema_settings(settings: SchemaSettings) -> SchemaSettings {
    settings
        .with(|settings| settings.meta_schema = None)
        .with_transform(RecursiveTransform(strip_unknown_formats))
}

/// Leaves the formats that JSON Schema knows, and ours. A reader that checks formats may refuse a schema with another.
/// There is none of numbers: `uint32` and `double` are Rust's; and an address is of one version or the other.
fn strip_unknown_formats(schema: &mut Schema) {
    let is_number = |kind: &Value| kind == "integer" || kind == "number";
    let of_number = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_number),
        Some(kind) => is_number(kind),
        None => false,
    };
    let of_address = schema.get("format").is_some_and(|format| format == "ip");

    if of_number || of_address {
        schema.remove("format");
    }
    if of_address {
        let versions = serde_json::json!([{ "format": "ipv4" }, { "format": "ipv6" }]);
        schema.insert("anyOf".into(), versions);
    }
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
            message: property["x-message"] == true,
            form: property["x-form"].as_str().map(str::to_owned),
            completes: Completes::deserialize(&property["x-completes"]).ok(),
            minimum: property["minimum"].as_i64(),
            maximum: property["maximum"].as_i64(),
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
