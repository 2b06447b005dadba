//! The API's own description, as a service publishes it, to hold what it serves against.
//!
//! For clients a schema is open: a member may be added. Here every object is closed, so that what is served and not
//! described is a fault.

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
    /// As this service publishes it.
    pub fn of(service: &Service) -> Self {
        let mut document = service.get("/openapi.json").json();
        let schemas = document["components"]["schemas"]
            .as_object_mut()
            .expect("schemas");
        // What refers to one closes it, with what stands beside the reference.
        schemas.values_mut().for_each(|schema| close(schema, false));
        Self { document }
    }

    /// The document, in which the components are closed.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// A component by name.
    #[track_caller]
    pub fn component(&self, name: &str) -> BodySchema {
        self.schema(
            name,
            &json!({ "$ref": format!("#/components/schemas/{name}") }),
        )
    }

    /// The body of a response to `GET /path`, of this status and media type.
    #[track_caller]
    pub fn response(&self, target: &str, status: u16, media_type: &str) -> BodySchema {
        let operation = self.operation(target);
        let response = self.resolved(&operation["responses"][status.to_string()]);
        self.schema(
            &format!("{target} {status} {media_type}"),
            &response["content"][media_type]["schema"],
        )
    }

    /// What a response of many parts, such as a stream of events, holds each time.
    #[track_caller]
    pub fn stream_item(&self, target: &str, media_type: &str) -> BodySchema {
        let operation = self.operation(target);
        let schema = &operation["responses"]["200"]["content"][media_type]["schema"];
        assert_eq!(schema["contentMediaType"], media_type, "{target}");
        self.schema(&format!("{target} {media_type}"), &schema["contentSchema"])
    }

    /// What is sent to the URL that a question gives under this name.
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
    /// How this body differs from the schema; empty where it matches.
    pub fn errors(&self, body: &Value) -> Vec<String> {
        self.validator
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Panics unless this body matches, and would not with one member more in any of its objects.
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

/// Pointers to all objects in this, but for those that may hold anything: arguments, and what the client sent along.
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
                        // A list of arguments is another thing.
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

/// As a JSON pointer has it (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Lets no object have a member that is not described, where the schema does not say what others there may be. `whole`
/// schemas say all that is said of a value; those inside of `allOf` and the like are parts, and the whole sees what they
/// name.
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

/// Whether a schema says of itself what other members there may be.
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
    fn a_closed_schema_takes_what_any_of_its_parts_names_and_nothing_else() {
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
    fn a_schema_that_says_what_others_there_may_be_keeps_its_word() {
        let schema = closed(json!({
            "properties": { "any": { "type": "object", "additionalProperties": true }, "all": {} },
        }));
        assert!(schema.is_valid(&json!({ "any": { "x": 1 }, "all": { "y": 2 } })));
    }
}
