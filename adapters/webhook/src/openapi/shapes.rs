//! The parts that the paths of the API share: schemas, parameters, headers, problems.

use netvane_core::{
    command::{Entry, Registry},
    document::Block,
};
use serde_json::{Map, Value, json};

/// Statuses of problems, with when they come.
const PROBLEMS: [(u16, &str); 11] = [
    (400, "The question is wrong."),
    (401, "A key is wanted, and none that is known was given."),
    (
        403,
        "The target is not contacted, or the caller may not ask this.",
    ),
    (404, "No command has this name."),
    (408, "The request body did not arrive in time."),
    (413, "The request body is too large."),
    (429, "Asked too often."),
    (500, "A fault of Netvane's own."),
    (502, "A server that the answer depends on failed."),
    (503, "This installation cannot do it, now or at all."),
    (
        504,
        "A server that the answer depends on did not answer in time.",
    ),
];

/// Codes of problems, contract §2, and those of requests that ask nothing.
const CODES: [&str; 13] = [
    "unknown_command",
    "bad_argument",
    "refused_target",
    "forbidden",
    "unauthorized",
    "rate_limited",
    "timeout",
    "upstream",
    "unavailable",
    "too_large",
    "internal",
    "not_found",
    "method_not_allowed",
];

/// `{"$ref": …}` to a component.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// The components of the document.
pub(super) fn components(registry: &Registry) -> Value {
    let problems = PROBLEMS
        .iter()
        .map(|(status, when)| (format!("Problem{status}"), problem(*status, when)));
    let mut responses: Map<String, Value> = problems.collect();

    responses.insert(
        "AllSeen".into(),
        json!({ "description": "Only for event streams: the stream that `Last-Event-ID` names has ended with that event." }),
    );
    responses.insert(
        "Unchanged".into(),
        json!({
            "description": "What `If-None-Match` names still holds.",
            "headers": {
                "X-Request-Id": reference("headers", "RequestId"),
                "ETag": reference("headers", "ETag"),
                "Cache-Control": reference("headers", "CacheControl"),
            },
        }),
    );

    json!({
        "schemas": schemas(registry),
        "responses": responses,
        "parameters": {
            "RequestId": {
                "name": "X-Request-Id", "in": "header", "schema": { "type": "string" },
                "description": "Name for this request in the response and in the log: up to 128 letters, digits and \
                    `._-`. Another one is made up otherwise.",
            },
            "LastEventId": {
                "name": "Last-Event-ID", "in": "header", "schema": { "type": "string" },
                "description": "Only for event streams: takes up the stream of this event where it broke off.",
            },
            "IfNoneMatch": {
                "name": "If-None-Match", "in": "header", "schema": { "type": "string" },
                "description": "`ETag` of the reply that the client has.",
            },
        },
        "headers": {
            "RequestId": {
                "required": true, "description": "Name of this request in the log.",
                "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$" },
            },
            "ETag": {
                "description": "Where the reply may be kept. TTLs that count down do not change it.",
                "schema": { "type": "string", "pattern": "^W/\"[0-9a-f]{32}\"$" },
            },
            "CacheControl": {
                "required": true, "description": "How long the answer holds; `no-store` where it does not.",
                "schema": { "type": "string", "pattern": "^(no-store|private, max-age=[0-9]+)$" },
            },
            "RetryAfter": {
                "description": "Seconds after which asking again makes sense.",
                "schema": { "type": "string", "pattern": "^[0-9]+$" },
            },
        },
        "securitySchemes": { "key": {
            "type": "http", "scheme": "bearer",
            "description": "A key of this installation. Whether one is needed is for its operator to say.",
        }},
    })
}

fn problem(status: u16, when: &str) -> Value {
    let mut headers = json!({ "X-Request-Id": reference("headers", "RequestId") });
    if status == 429 {
        headers["Retry-After"] = reference("headers", "RetryAfter");
    }
    json!({
        "description": when, "headers": headers,
        "content": { "application/problem+json": { "schema": reference("schemas", "Problem") } },
    })
}

fn schemas(registry: &Registry) -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert("Problem".into(), problem_schema());
    schemas.insert(
        "Severity".into(),
        json!({ "enum": ["good", "neutral", "warning", "bad"] }),
    );
    schemas.insert("Block".into(), Block::schema().into());
    let line = json!({
        "type": "object", "required": ["command"], "additionalProperties": false,
        "properties": { "command": {
            "type": "string", "format": "netvane:Command", "minLength": 1,
            "description": "A line as one types it: `/mx example.com`.",
        }},
    });

    let named = named(registry);
    let question = |forms: Vec<Value>| json!({ "type": "object", "anyOf": forms });
    let forms: Vec<Value> = std::iter::once(line).chain(named).collect();
    let in_batch = forms.iter().cloned().map(|mut form| {
        form["properties"]["ref"] =
            json!({ "description": "Anything of up to 1,024 bytes; comes back with the answer." });
        form
    });

    schemas.insert("BatchQuestion".into(), question(in_batch.collect()));
    let alone = forms.into_iter().map(|mut form| {
        form["properties"]["callback"] = json!({
            "type": "string", "format": "uri", "pattern": "^https?://", "maxLength": 2048,
            "description": "Where the reply is delivered later, signed (Standard Webhooks).",
        });
        form
    });

    schemas.insert("Question".into(), question(alone.collect()));
    schemas.insert("Delivery".into(), delivery());
    let mut replies = Vec::new();

    for entry in registry.entries() {
        let name = super::reply_name(entry);
        replies.push(reference("schemas", &name));
        schemas.insert(name, reply(entry));
    }

    let failed = json!({
        "type": "object", "required": ["line", "error"],
        "properties": {
            "line": { "type": "integer", "minimum": 1, "description": "Number of the line in the request." },
            "ref": {}, "error": reference("schemas", "Problem"),
        },
    });

    replies.push(failed);
    schemas.insert("BatchAnswer".into(), json!({ "anyOf": replies }));
    schemas.insert("Registry".into(), listing());

    schemas
}

fn problem_schema() -> Value {
    let place = |help: &str| json!({ "type": "integer", "minimum": 0, "description": help });
    json!({
        "type": "object", "required": ["type", "title", "status", "detail", "code"],
        "description": "RFC 9457",
        "properties": {
            "type": { "const": "about:blank" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "One sentence for the asker." },
            "code": { "enum": CODES, "description": "Stable." },
            "position": {
                "type": "object", "required": ["start", "end"],
                "description": "Place of the mistake in the line, in characters.",
                "properties": { "start": place("First character."), "end": place("One past the last one.") },
            },
            "suggestion": { "type": "string", "description": "A corrected line." },
            "retry_after_ms": { "type": "integer", "minimum": 0 },
        },
    })
}

/// Names with arguments; commands that take the same ones share a form.
fn named(registry: &Registry) -> Vec<Value> {
    let mut forms: Vec<(Value, Vec<&str>)> = Vec::new();

    for entry in registry.entries() {
        let mut arguments: Value = entry.arguments_schema.clone().into();
        arguments.as_object_mut().into_iter().for_each(|members| {
            members.retain(|name, _| !matches!(name.as_str(), "title" | "description"));
        });
        if !entry.arguments.iter().any(|argument| argument.required) {
            arguments["type"] = json!(["object", "null"]);
        }
        let names = std::iter::once(entry.spec.name).chain(entry.spec.aliases.iter().copied());
        match forms.iter_mut().find(|(form, _)| *form == arguments) {
            Some((_, others)) => others.extend(names),
            None => forms.push((arguments, names.collect())),
        }
    }

    let form = |(arguments, names): (Value, Vec<&str>)| {
        let required: &[&str] = if arguments["type"] == "object" {
            &["name", "arguments"]
        } else {
            &["name"]
        };
        json!({
            "type": "object", "required": required, "additionalProperties": false,
            "properties": { "name": { "enum": names }, "arguments": arguments },
        })
    };

    forms.into_iter().map(form).collect()
}

fn reply(entry: &Entry) -> Value {
    json!({
        "type": "object",
        "required": ["id", "command", "arguments", "severity", "title", "summary", "data", "blocks", "warnings",
            "elapsed_ms", "cached", "vantage"],
        "properties": {
            "id": { "type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$", "description": "A ULID." },
            "command": { "const": entry.spec.name },
            "arguments": { "type": "object", "description": "In their canonical spelling." },
            "severity": reference("schemas", "Severity"),
            "title": { "type": "string" },
            "summary": { "type": "string" },
            "data": entry.data_schema(),
            "blocks": { "type": "array", "items": reference("schemas", "Block"), "description": "The reply as a document." },
            "warnings": { "type": "array", "items": { "type": "string" } },
            "elapsed_ms": { "type": "number", "minimum": 0 },
            "cached": { "type": "boolean" },
            "vantage": { "type": "string" },
        },
    })
}

fn listing() -> Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    let argument = json!({
        "type": "object", "required": ["name", "help", "type", "required"],
        "properties": {
            "name": text, "help": text, "type": { "enum": ["string", "integer", "boolean"] },
            "required": { "type": "boolean" }, "rest": { "type": "boolean" }, "message": { "type": "boolean" },
            "form": text, "completes": text, "minimum": { "type": "integer" }, "maximum": { "type": "integer" },
            "choices": texts,
        },
    });

    let command = json!({
        "type": "object",
        "required": ["name", "aliases", "about", "group", "usage", "cost", "arguments", "examples"],
        "properties": {
            "name": { "type": "string", "pattern": "^[a-z0-9_]{1,32}$" }, "aliases": texts, "about": text,
            "group": text, "usage": text, "cost": { "enum": ["free", "light", "heavy"] },
            "arguments": { "type": "array", "items": argument }, "examples": texts,
        },
    });

    json!({
        "type": "object", "required": ["commands"],
        "properties": { "commands": { "type": "array", "items": command } },
    })
}

/// The schema of an argument where all is text: in a query.
pub(super) fn as_text(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
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
    schema
}

/// What became of a callback.
fn delivery() -> Value {
    json!({
        "type": "object",
        "required": ["id", "state", "command", "callback", "created", "attempts", "next_attempt"],
        "properties": {
            "id": { "type": "string" },
            "state": { "enum": ["queued", "running", "delivering", "delivered", "failed", "gone"] },
            "command": { "type": "string" },
            "callback": { "type": "string", "description": "Without its query." },
            "created": { "type": "string", "format": "date-time" },
            "attempts": { "type": "array", "items": {
                "type": "object", "required": ["at", "elapsed_ms"],
                "properties": {
                    "at": { "type": "string", "format": "date-time" },
                    "status": { "type": "integer" },
                    "error": { "type": "string" },
                    "elapsed_ms": { "type": "integer" },
                },
            }},
            "next_attempt": { "type": ["string", "null"], "format": "date-time" },
        },
    })
}
