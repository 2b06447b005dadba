//! JSON Schema of Netvane's types, without references between schemas.

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform,
};
use serde_json::Value;

/// Builds a schema without `$ref`: small, and supported by every JSON Schema library.
pub fn inline_schema<T: JsonSchema>() -> Schema {
    inline(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}

/// Like [`inline_schema`], for types that are only serialized: a field that is always written is
/// required.
pub fn written_schema<T: JsonSchema>() -> Schema {
    inline(SchemaSettings::draft2020_12().for_serialize()).into_root_schema_for::<T>()
}

fn inline(settings: SchemaSettings) -> SchemaGenerator {
    let settings = settings.with(|settings| settings.inline_subschemas = true);
    public_schema_settings(settings).into_generator()
}

/// Schema settings for published schemas: no `$schema` member, and no formats that only schemars
/// knows.
pub fn public_schema_settings(settings: SchemaSettings) -> SchemaSettings {
    settings
        .with(|settings| settings.meta_schema = None)
        .with_transform(RecursiveTransform(strip_unknown_formats))
}

/// Removes formats that JSON Schema does not define, because validators may reject a schema with
/// unknown formats. Numbers have none (`uint32` and `double` are from Rust), and `ip` becomes
/// `ipv4` or `ipv6`.
fn strip_unknown_formats(schema: &mut Schema) {
    let is_number = |kind: &Value| kind == "integer" || kind == "number";
    let is_numeric = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_number),
        Some(kind) => is_number(kind),
        None => false,
    };
    let is_address = schema.get("format").is_some_and(|format| format == "ip");

    if is_numeric || is_address {
        schema.remove("format");
    }
    if is_address {
        let versions = serde_json::json!([{ "format": "ipv4" }, { "format": "ipv6" }]);
        schema.insert("anyOf".into(), versions);
    }
}
