//! The service's own OpenAPI description, for checking that responses match it.
//!
//! Schemas are open for clients, so that members may be added later. Here every object is closed,
//! so that members which are served but not described cause a failure.

use jsonschema::{Validator, options};
use serde_json::{Map, Value, json};

use crate::Service;

/// `/openapi.json`, with its objects closed.
pub struct OpenApi {
    document: Value,
}

/// The schema of one body.
pub struct BodySchema {
    name: String,
    validator: Validator,
}

impl OpenApi {
    /// Fetches the description from this service.
    pub fn of(service: &Service) -> Self {
        let mut document = service.get("/openapi.json").json();
        let schemas = document["components"]["schemas"]
            .as_object_mut()
            .expect("schemas");
        // Schemas that refer to another one close it together with their own members.
        schemas.values_mut().for_each(|schema| close(schema, false));
        Self { document }
    }

    /// Returns the document with closed components.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Returns a component by name.
    #[track_caller]
    pub fn component(&self, name: &str) -> BodySchema {
        self.schema(
            name,
            &json!({ "$ref": format!("#/components/schemas/{name}") }),
        )
    }

    /// Returns the schema of a response to `GET /path` with this status and media type.
    #[track_caller]
    pub fn response(&self, target: &str, status: u16, media_type: &str) -> BodySchema {
        let operation = self.operation(target);
        let response = self.resolved(&operation["responses"][status.to_string()]);
        self.schema(
            &format!("{target} {status} {media_type}"),
            &response["content"][media_type]["schema"],
        )
    }

    /// Returns the schema of each item of a streamed response, such as an event stream.
    #[track_caller]
    pub fn stream_item(&self, target: &str, media_type: &str) -> BodySchema {
        let operation = self.operation(target);
        let schema = &operation["responses"]["200"]["content"][media_type]["schema"];
        assert_eq!(schema["contentMediaType"], media_type, "{target}");
        self.schema(&format!("{target} {media_type}"), &schema["contentSchema"])
    }

    /// Returns the schema of what is sent to the URL that a request gives under this name.
    #[track_caller]
    pub fn callback(&self, target: &str, name: &str, url: &str) -> BodySchema {
        let post = &self.operation(target)["callbacks"][name][url]["post"];
        let content = &post["requestBody"]["content"]["application/json"];
        self.schema(&format!("{target} {name}"), &content["schema"])
    }

    #[track_caller]
    fn operation(&self, target: &str) -> &Value {
        let (method, path) = target.split_once(' ').expect("a method and a path");
        &self.document["paths"][path][method.to_ascii_lowercase()]
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(target) => self.document.pointer(&target[1..]).expect(target),
            None => value,
        }
    }

    #[track_caller]
    fn schema(&self, name: &str, schema: &Value) -> BodySchema {
        assert!(schema.is_object(), "{name} is not described");
        let mut schema = schema.clone();
        close(&mut schema, true);
        schema["components"] = self.document["components"].clone();
        let validator = options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        BodySchema {
            name: name.to_owned(),
            validator,
        }
    }
}

impl BodySchema {
    /// Returns how this body differs from the schema; empty if it matches.
    pub fn errors(&self, body: &Value) -> Vec<String> {
        self.validator
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Panics unless this body matches, and would not match with one more member in any of its
    /// objects.
    #[track_caller]
    pub fn assert_matches(&self, body: &Value) {
        assert_eq!(
            self.errors(body),
            Vec::<String>::new(),
            "{}: {body}",
            self.name
        );
        for place in objects(body) {
            let mut more = body.clone();
            let object = more.pointer_mut(&place).and_then(Value::as_object_mut);
            object
                .expect("an object")
                .insert("undocumented".into(), json!({ "a": null }));
            assert!(
                !self.validator.is_valid(&more),
                "{}: any member is taken at `{place}` of {body}",
                self.name
            );
        }
    }
}

/// Returns JSON pointers to all objects in this body, except those that may hold anything:
/// arguments, and the client's `ref`.
fn objects(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), body)];

    while let Some((place, value)) = left.pop() {
        let inner: Vec<(String, &Value)> = match value {
            Value::Object(members) => {
                found.push(place.clone());
                members
                    .iter()
                    .filter(|(name, value)| {
                        // A list named `arguments` is something else.
                        !(*name == "arguments" && value.is_object() || *name == "ref")
                    })
                    .map(|(name, value)| (escaped(name), value))
                    .collect()
            }
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| (index.to_string(), value))
                .collect(),
            _ => continue,
        };

        left.extend(
            inner
                .into_iter()
                .map(|(name, value)| (format!("{place}/{name}"), value)),
        );
    }

    found
}

/// Escapes a name for a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Forbids members that a schema does not describe, unless the schema itself says which others are
/// allowed. A `whole` schema describes a value completely; those in `allOf` and the like are parts,
/// whose members count for the whole.
fn close(schema: &mut Value, whole: bool) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };

    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(properties)) => {
                properties
                    .values_mut()
                    .for_each(|schema| close(schema, true));
            }
            ("items" | "additionalProperties" | "contentSchema", schema) => close(schema, true),
            ("prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| close(schema, true));
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| close(schema, false));
            }
            _ => {}
        }
    }

    if whole && !members.is_empty() && !says_more(members) {
        members.insert("unevaluatedProperties".into(), false.into());
    }
}

/// Whether a schema itself says which other members are allowed.
fn says_more(schema: &Map<String, Value>) -> bool {
    ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .any(|keyword| schema.contains_key(*keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(mut schema: Value) -> Validator {
        close(&mut schema, true);
        options().build(&schema).expect("a schema")
    }

    #[test]
    fn a_closed_schema_accepts_only_members_that_its_parts_describe() {
        let number = json!({ "type": "integer" });
        let schema = closed(json!({
            "type": "object",
            "properties": { "a": number, "inner": { "properties": { "b": number } } },
            "oneOf": [
                { "properties": { "kind": { "const": 1 }, "c": number }, "required": ["kind"] },
                { "properties": { "kind": { "const": 2 }, "d": number }, "required": ["kind"] },
            ],
        }));
        for good in [
            json!({ "a": 1, "kind": 1, "c": 2 }),
            json!({ "kind": 2, "d": 2, "inner": { "b": 3 } }),
        ] {
            assert!(schema.is_valid(&good), "{good}");
        }
        for bad in [
            json!({ "kind": 1, "d": 2 }),
            json!({ "kind": 2, "x": 2 }),
            json!({ "kind": 2, "inner": { "x": 3 } }),
        ] {
            assert!(!schema.is_valid(&bad), "{bad}");
        }
    }

    #[test]
    fn closing_keeps_the_rule_for_additional_members() {
        let schema = closed(json!({
            "properties": { "any": { "type": "object", "additionalProperties": true }, "all": {} },
        }));
        assert!(schema.is_valid(&json!({ "any": { "x": 1 }, "all": { "y": 2 } })));
    }
}
