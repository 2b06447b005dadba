//! JSON Schema of Netvane's types, each in one piece: small, and every reader understands it.

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform,
};
use serde_json::Value;

/// One schema without references: small, and every reader understands it.
pub fn inline_schema<T: JsonSchema>() -> Schema {
    inline(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}

/// The same for what is written and never read: a field that is always written is required.
pub fn written_schema<T: JsonSchema>() -> Schema {
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
