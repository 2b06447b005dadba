//! The schemas in the components: those of the types that are served, and the replies of each
//! command.

use std::borrow::Cow;

use netvane_core::{
    command::{Entry, Registry},
    document::public_schema_settings,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value};

/// Path of the schemas in an OpenAPI document.
const PATH: &str = "/components/schemas";

/// Schema placeholder for a [`netvane_core::Reply`]: its content differs by command, so its
/// component is generated from the registry.
pub(crate) struct AnyReply;

impl AnyReply {
    const NAME: &str = "Reply";
}

impl JsonSchema for AnyReply {
    fn schema_name() -> Cow<'static, str> {
        Self::NAME.into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        reference(Self::NAME)
    }
}

/// Collects schemas as components when they are referred to.
pub(crate) struct Schemas(SchemaGenerator);

impl Schemas {
    /// Starts with the reply schemas of these commands.
    pub(crate) fn new(registry: &Registry) -> Self {
        let settings = SchemaSettings::draft2020_12()
            .for_serialize()
            .with(|settings| settings.definitions_path = PATH.into());
        let mut generator = public_schema_settings(settings).into_generator();

        for entry in registry.entries() {
            let reply = entry.reply_schema(&mut generator);
            generator
                .definitions_mut()
                .insert(reply_name(entry), reply.into());
        }
        let any = any_reply(registry);
        generator
            .definitions_mut()
            .insert(AnyReply::NAME.into(), any.into());
        Self(generator)
    }

    /// Returns the schema of a served type: a reference to its component, or an inline schema if it
    /// is just a string or a number.
    pub(crate) fn schema_for<T: JsonSchema + ?Sized>(&mut self) -> Schema {
        self.0.subschema_for::<T>()
    }

    /// Adds a component that is not the schema of a single type.
    pub(crate) fn add(&mut self, name: &str, schema: Schema) -> Schema {
        self.0.definitions_mut().insert(name.into(), schema.into());
        reference(name)
    }

    /// Returns the `components.schemas` member of the description.
    pub(crate) fn into_components(mut self) -> Map<String, Value> {
        self.0.take_definitions(true)
    }
}

/// Returns a reference to the schema of this command's replies.
pub(crate) fn reply_ref(entry: &Entry) -> Schema {
    reference(&reply_name(entry))
}

fn any_reply(registry: &Registry) -> Schema {
    let replies: Vec<Schema> = registry
        .entries()
        .iter()
        .map(|entry| reply_ref(entry))
        .collect();
    let mapping: Map<String, Value> = registry
        .entries()
        .iter()
        .map(|entry| {
            let target = format!("#{PATH}/{}", reply_name(entry));
            (entry.spec.name.to_owned(), target.into())
        })
        .collect();
    json_schema!({
        "oneOf": replies,
        "discriminator": { "propertyName": "command", "mapping": mapping },
    })
}

fn reply_name(entry: &Entry) -> String {
    format!("Reply.{}", entry.spec.name)
}

fn reference(name: &str) -> Schema {
    Schema::new_ref(format!("#{PATH}/{name}"))
}

/// Returns the schema of an argument as plain text, for query parameters.
pub(crate) fn as_text(schema: &Value) -> Schema {
    let mut members = schema.as_object().cloned().unwrap_or_default();
    members.remove("description");
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            members.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    members.into()
}
