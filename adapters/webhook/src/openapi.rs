//! The API described to programs: OpenAPI 3.1, made once from the registry.
//!
//! The outer document is written as JSON: the schemas in it come as JSON from the types of the commands, and a crate
//! of typed documents would have to be led around them.

mod shapes;

use axum::{extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use netvane_core::{
    Engine,
    command::{Entry, Registry},
    spec::Group,
};
use serde_json::{Map, Value, json};

use crate::{App, caching, docs};
use shapes::{components, reference};

/// The API, described to programs and to people.
pub(crate) struct Described {
    openapi: Bytes,
    /// The documentation page.
    pub(crate) docs: Bytes,
}

impl Described {
    /// From the registry; `public_url` may be empty.
    pub(crate) fn new(engine: &Engine, public_url: &str) -> Self {
        let openapi = document(engine.registry(), public_url).to_string().into();
        Self {
            openapi,
            docs: docs::page(engine.registry(), public_url)
                .into_string()
                .into(),
        }
    }
}

/// `GET /openapi.json`
pub(crate) async fn get(State(app): State<App>, headers: HeaderMap) -> Response {
    caching::unchanging("application/json", &app.described.openapi, &headers)
}

fn document(registry: &Registry, public_url: &str) -> Value {
    let server = if public_url.is_empty() {
        "/"
    } else {
        public_url.trim_end_matches('/')
    };

    let groups = [
        Group::Dns,
        Group::Reachability,
        Group::Mail,
        Group::Request,
        Group::About,
    ];

    let tags = groups
        .map(Group::title)
        .into_iter()
        .chain(["Asking", "Service"]);
    let mut paths = Map::new();

    paths.insert(
        "/v1/commands".into(),
        json!({ "get": listing(), "post": asking(registry) }),
    );

    for entry in registry.entries() {
        let path = format!("/v1/commands/{}", entry.spec.name);
        paths.insert(path, json!({ "get": command(registry, entry) }));
    }

    paths.insert("/v1/batch".into(), json!({ "post": batch() }));
    paths.insert("/v1/deliveries/{id}".into(), json!({ "get": delivery() }));
    paths.extend(service());

    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Netvane",
            "summary": "Network questions, answered.",
            "description": "DNS, registration, reachability, e-mail and the caller's own request. A negative answer \
                (a name that does not exist, a closed port) is a reply; an error is a problem document (RFC 9457).",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": server }],
        "security": [{}, { "key": [] }],
        "tags": tags.map(|tag| json!({ "name": tag })).collect::<Vec<_>>(),
        "paths": paths,
        "components": components(registry),
    })
}

/// Responses by status: those given, and the problems that there can be.
fn responses(good: Value, problems: &[u16]) -> Value {
    let mut responses = good.as_object().cloned().unwrap_or_default();
    for status in problems {
        responses.insert(
            status.to_string(),
            reference("responses", &format!("Problem{status}")),
        );
    }
    Value::Object(responses)
}

/// The problems that any lookup can end with.
const OF_LOOKUPS: [u16; 8] = [400, 401, 403, 429, 500, 502, 503, 504];

fn listing() -> Value {
    json!({
        "operationId": "listCommands", "tags": ["Asking"], "summary": "What can be asked",
        "parameters": [reference("parameters", "RequestId")],
        "responses": responses(json!({ "200": {
            "description": "All commands with their arguments.",
            "headers": { "X-Request-Id": reference("headers", "RequestId") },
            "content": { "application/json": { "schema": reference("schemas", "Registry") } },
        }}), &[401, 429]),
    })
}

fn asking(registry: &Registry) -> Value {
    let replies = registry
        .entries()
        .iter()
        .map(|entry| reference("schemas", &reply_name(entry)));
    let mapping = registry.entries().iter().map(|entry| {
        let schema = format!("#/components/schemas/{}", reply_name(entry));
        (entry.spec.name.to_owned(), schema.into())
    });
    let schema = json!({
        "oneOf": replies.collect::<Vec<_>>(),
        "discriminator": { "propertyName": "command", "mapping": mapping.collect::<Map<_, _>>() },
    });
    let mut problems = OF_LOOKUPS.to_vec();
    problems.extend([404, 408, 413]);

    json!({
        "operationId": "ask", "tags": ["Asking"], "summary": "Ask one question",
        "description": "As a line, or as a command's name with arguments.",
        "parameters": [reference("parameters", "RequestId"), reference("parameters", "LastEventId")],
        "requestBody": { "required": true, "content": { "application/json": {
            "schema": reference("schemas", "Question"),
            "examples": {
                "line": { "value": { "command": "/mx example.com" } },
                "named": { "value": { "name": "mx", "arguments": { "domain": "example.com" } } },
            },
        }}},
        "responses": responses(json!({
            "200": {
                "description": "The reply, in the form that `Accept` wants most.",
                "headers": { "X-Request-Id": reference("headers", "RequestId") },
                "content": forms(&schema),
            },
            "202": {
                "description": "Taken; the reply is delivered to `callback`. How that goes stands at `url`.",
                "headers": {
                    "X-Request-Id": reference("headers", "RequestId"),
                    "Location": { "schema": { "type": "string" } },
                },
                "content": { "application/json": { "schema": {
                    "type": "object", "required": ["id", "state", "url"],
                    "properties": {
                        "id": { "type": "string" }, "state": { "const": "queued" }, "url": { "type": "string" },
                    },
                }}},
            },
            "204": reference("responses", "AllSeen"),
        }), &problems),
    })
}

fn reply_name(entry: &Entry) -> String {
    format!("Reply.{}", entry.spec.name)
}

/// The forms of a reply.
fn forms(schema: &Value) -> Value {
    json!({
        "application/json": { "schema": schema },
        "text/plain": { "schema": { "type": "string" } },
        "text/markdown": { "schema": { "type": "string" } },
        "text/event-stream": { "schema": {
            "type": "string",
            "description": "`progress` events, then one `reply` or `error`; their data is the JSON of a reply or problem.",
        }},
    })
}

fn command(registry: &Registry, entry: &Entry) -> Value {
    let example = netvane_core::command::example(registry, entry);
    let properties = entry
        .arguments_schema
        .get("properties")
        .and_then(Value::as_object);
    let mut parameters: Vec<Value> = entry
        .arguments
        .iter()
        .filter_map(|argument| {
            let schema = shapes::as_text(properties?.get(&argument.name)?);
            let form = argument.form.as_ref().map(|form| format!(": {form}")).unwrap_or_default();
            let mut parameter = json!({
                "name": argument.name, "in": "query", "required": argument.required,
                "description": format!("{}{form}", argument.help.trim_end_matches('.')), "schema": schema,
            });
            if let Some(value) = example.get(&argument.name) {
                parameter["example"] = value.clone();
            }
            Some(parameter)
        })
        .collect();

    for name in ["RequestId", "LastEventId", "IfNoneMatch"] {
        parameters.push(reference("parameters", name));
    }

    let aliases = match entry.spec.aliases {
        [] => String::new(),
        aliases => format!(" Also by the name of `{}`.", aliases.join("`, `")),
    };

    json!({
        "operationId": entry.spec.name, "tags": [entry.spec.group.title()], "summary": entry.spec.about,
        "description": format!("As a line: `/{}`.{aliases}", entry.usage()),
        "parameters": parameters,
        "responses": responses(json!({
            "200": {
                "description": "The reply, in the form that `Accept` wants most.",
                "headers": {
                    "X-Request-Id": reference("headers", "RequestId"),
                    "ETag": reference("headers", "ETag"),
                    "Cache-Control": reference("headers", "CacheControl"),
                },
                "content": forms(&reference("schemas", &reply_name(entry))),
            },
            "204": reference("responses", "AllSeen"),
            "304": reference("responses", "Unchanged"),
        }), &OF_LOOKUPS),
    })
}

fn batch() -> Value {
    json!({
        "operationId": "batch", "tags": ["Asking"], "summary": "Ask many questions in one request",
        "description": "A question a line; answers in the order in which they are found. Read while you send: lines \
            are not taken while answers are not.",
        "parameters": [reference("parameters", "RequestId")],
        "requestBody": { "required": false, "content": { "application/x-ndjson": {
            "schema": {
                "contentMediaType": "application/x-ndjson",
                "contentSchema": reference("schemas", "BatchQuestion"),
            },
            "example": "{\"command\":\"/mx example.com\",\"ref\":1}\n{\"name\":\"a\",\"arguments\":{\"domain\":\"example.org\"},\"ref\":2}\n",
        }}},
        "responses": responses(json!({ "200": {
            "description": "A reply or an error a line, with the `ref` of its question.",
            "headers": { "X-Request-Id": reference("headers", "RequestId") },
            "content": { "application/x-ndjson": { "schema": {
                "type": "string", "contentMediaType": "application/x-ndjson",
                "contentSchema": reference("schemas", "BatchAnswer"),
            }}},
        }}), &[401, 403, 429]),
    })
}

fn delivery() -> Value {
    json!({
        "operationId": "delivery", "tags": ["Asking"], "summary": "What became of a callback",
        "description": "Kept for 7 days after its end. Who knows the id may know.",
        "parameters": [
            reference("parameters", "RequestId"),
            { "name": "id", "in": "path", "required": true, "schema": { "type": "string" },
              "description": "As the 202 gave it." },
        ],
        "responses": responses(json!({ "200": {
            "description": "How far it has come.",
            "headers": { "X-Request-Id": reference("headers", "RequestId") },
            "content": { "application/json": { "schema": reference("schemas", "Delivery") } },
        }}), &[404, 503]),
    })
}

/// What is not about questions.
fn service() -> Map<String, Value> {
    let text = |id: &str, summary: &str, content_type: &str, problems: &[u16]| {
        let mut good = json!({ "200": {
            "description": summary,
            "headers": { "X-Request-Id": reference("headers", "RequestId") },
            "content": { content_type: { "schema": { "type": "string" } } },
        }});
        if id == "isReady" {
            good["503"] = json!({
                "description": "Questions cannot be answered; the text says why.",
                "content": { content_type: { "schema": { "type": "string" } } },
            });
        }
        json!({ "get": {
            "operationId": id, "tags": ["Service"], "summary": summary, "security": [],
            "responses": responses(good, problems),
        }})
    };

    let mut paths = Map::new();

    paths.insert(
        "/healthz".into(),
        text("isAlive", "The process is alive", "text/plain", &[]),
    );
    paths.insert(
        "/readyz".into(),
        text("isReady", "Questions can be answered", "text/plain", &[]),
    );
    paths.insert(
        "/metrics".into(),
        text("metrics", "Metrics for Prometheus", "text/plain", &[]),
    );
    paths.insert(
        "/docs".into(),
        text("documentation", "This API, for people", "text/html", &[]),
    );
    paths.insert(
        "/openapi.json".into(),
        json!({ "get": {
            "operationId": "describe", "tags": ["Service"], "summary": "This document", "security": [],
            "responses": { "200": {
                "description": "OpenAPI 3.1.",
                "headers": { "X-Request-Id": reference("headers", "RequestId") },
                "content": { "application/json": { "schema": { "type": "object" } } },
            }},
        }}),
    );

    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use netvane_core::settings::Settings;

    fn all(value: &Value, found: &mut impl FnMut(&str, &Value)) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                found(name, value);
                all(value, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| all(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_command_is_there() {
        let engine = Engine::new(&Settings::default()).expect("an engine");
        let document = document(engine.registry(), "https://netvane.example/");
        assert_eq!(document["servers"][0]["url"], "https://netvane.example");
        all(&document, &mut |name, value| {
            if let ("$ref", Some(target)) = (name, value.as_str()) {
                assert!(document.pointer(&target[1..]).is_some(), "{target}");
            }
        });
        for entry in engine.registry().entries() {
            let operation = &document["paths"][format!("/v1/commands/{}", entry.spec.name)]["get"];
            for argument in &entry.arguments {
                let parameters = operation["parameters"].as_array().expect("parameters");
                assert!(
                    parameters
                        .iter()
                        .any(|parameter| parameter["name"] == argument.name),
                    "{} {}",
                    entry.spec.name,
                    argument.name
                );
            }
        }
    }
}
