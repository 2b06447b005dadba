//! JSON Schema of Netvane's types, each in one piece: small, and every reader understands it.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};

/// One schema without references: small, and every reader understands it.
pub fn inline_schema<T: JsonSchema>() -> Schema {
    inline(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}

/// The same for what is written and never read: a field that is always written is required.
pub fn written_schema<T: JsonSchema>() -> Schema {
    inline(SchemaSettings::draft2020_12().for_serialize()).into_root_schema_for::<T>()
}

fn inline(settings: SchemaSettings) -> SchemaGenerator {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator()
}
