//! The API's operations, path by path.

use netvane_core::{
    command::{Entry, Listing, Registry},
    spec::Argument,
};
use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use super::{
    model::{Header, MediaType, Operation, Parameter, PathItem, Place, Response},
    questions,
    shared::{self, ALL_SEEN, CACHE_CONTROL, ETAG, IF_NONE_MATCH, LAST_EVENT_ID, REQUEST_ID},
};
use crate::{
    api::{batch, deliveries, results},
    callbacks, events, mail,
    schemas::{self, AnyReply, Schemas},
};

/// Tags of operations that belong to no single command.
pub(super) const LOOKUPS: &str = "Lookups";
pub(super) const SERVICE: &str = "Service";

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const TEXT: &str = "text/plain";

/// Problem statuses that any lookup can end with.
const OF_LOOKUPS: [u16; 8] = [400, 401, 403, 429, 500, 502, 503, 504];

/// Describes `GET /v1/commands`, the list of commands.
pub(super) fn list(schemas: &mut Schemas) -> Operation {
    let listed = shared::response("All commands with their arguments.")
        .content(JSON, schemas.schema_for::<Listing>());
    let operation = Operation::new("listCommands", LOOKUPS, "Commands")
        .parameter_refs(&[REQUEST_ID])
        .response("200", listed);
    with_problems(operation, &[401, 429])
}

/// Describes `POST /v1/commands`, a single lookup.
pub(super) fn ask(registry: &Registry, schemas: &mut Schemas) -> Operation {
    let question = schemas.add("Question", questions::request_body(registry));
    let question = MediaType::from(question)
        .named_example("line", json!({ "command": "/mx example.com" }))
        .named_example(
            "named",
            json!({ "name": "mx", "arguments": { "domain": "example.com" } }),
        );

    let reply = shared::response("The reply in the format that `Accept` prefers.");
    let reply = content_forms(reply, schemas.schema_for::<AnyReply>(), schemas);
    let location = Header {
        required: false,
        description: "",
        schema: schemas.schema_for::<str>(),
    };

    let taken =
        "Accepted; the reply is delivered to `callback`. `url` has the status of the delivery.";
    let taken = shared::response(taken)
        .header("Location", location)
        .content(JSON, schemas.schema_for::<deliveries::AcceptedCallback>());

    let operation = Operation::new("ask", LOOKUPS, "Run one command")
        .description(
            "Send a command line, or a command's name with its arguments. `DELETE /v1/commands/{id}` with the id of an \
             event cancels the lookup of an event stream.",
        )
        .parameter_refs(&[REQUEST_ID, LAST_EVENT_ID])
        .body(true, JSON, question)
        .response("200", reply)
        .response("202", taken)
        .response_ref("204", ALL_SEEN)
        .callback("reply", "{$request.body#/callback}", deliver(schemas));

    with_problems(operation, &[&OF_LOOKUPS[..], &[404, 408, 413]].concat())
}

/// Describes the request that is sent to the `callback` URL.
fn deliver(schemas: &mut Schemas) -> Operation {
    let headers = [
        (
            "webhook-id",
            "Identifier of the delivery; the same in each attempt.",
            json_schema!({ "type": "string" }),
        ),
        (
            "webhook-timestamp",
            "Unix time of this attempt, in seconds.",
            json_schema!({ "type": "string", "pattern": "^[0-9]+$" }),
        ),
        (
            "webhook-signature",
            "One or two signatures of `webhook-id.webhook-timestamp.body` in Base64, separated by a space: `v1,` and HMAC-SHA256, or `v1a,` and Ed25519. One that matches is enough.",
            json_schema!({
                "type": "string",
                "pattern": "^(v1,[A-Za-z0-9+/]{43}=|v1a,[A-Za-z0-9+/]{86}==)( (v1,[A-Za-z0-9+/]{43}=|v1a,[A-Za-z0-9+/]{86}==))?$",
            }),
        ),
    ];

    let operation = Operation::new(
        "deliver",
        LOOKUPS,
        "The reply to a request with a `callback`",
    )
    .description("Signed as described by Standard Webhooks.")
    .without_security();

    headers
        .into_iter()
        .fold(operation, |operation, (name, description, schema)| {
            operation.parameter(Parameter {
                name: name.to_owned(),
                place: Place::Header,
                required: true,
                description: description.to_owned(),
                schema,
                example: None,
            })
        })
        .body(
            true,
            JSON,
            schemas.schema_for::<callbacks::Message>().into(),
        )
        .response("2XX", Response::new("The delivery is accepted."))
        .response(
            "410",
            Response::new("The receiver is gone: there are no further attempts."),
        )
        .response(
            "default",
            Response::new("The delivery failed: there may be further attempts."),
        )
}

/// Describes `GET /v1/commands/{name}` for one command.
pub(super) fn command(registry: &Registry, entry: &Entry, schemas: &mut Schemas) -> Operation {
    let aliases = match entry.spec.aliases {
        [] => String::new(),
        aliases => format!(" Aliases: `{}`.", aliases.join("`, `")),
    };
    let reply = shared::response("The reply in the format that `Accept` prefers.")
        .header_ref("ETag", ETAG)
        .header_ref("Cache-Control", CACHE_CONTROL);
    let reply = content_forms(reply, schemas::reply_ref(entry), schemas);
    let group = entry.spec.group.title();
    let operation = Operation::new(entry.spec.name, group, entry.about.as_str())
        .description(format!("Usage: `/{}`.{aliases}", entry.usage()));

    let example = mail::example(registry, entry);
    let properties = entry.arguments_schema.get("properties");
    let arguments = entry.arguments.iter().filter_map(|argument| {
        let schema = properties?.get(&argument.name)?;
        Some(in_query(argument, schema, example.get(&argument.name)))
    });
    let operation = arguments
        .fold(operation, Operation::parameter)
        .parameter(short())
        .parameter_refs(&[REQUEST_ID, LAST_EVENT_ID, IF_NONE_MATCH])
        .response("200", reply)
        .response_ref("204", ALL_SEEN)
        .response_ref("304", shared::UNCHANGED);

    with_problems(operation, &OF_LOOKUPS)
}

/// Describes `POST /v1/commands/{name}` for a command that takes a message; `None` for others.
pub(super) fn message(entry: &Entry, schemas: &mut Schemas) -> Option<Operation> {
    mail::message_argument(entry)?;
    let reply = shared::response("The reply in the format that `Accept` prefers.");
    let reply = content_forms(reply, schemas::reply_ref(entry), schemas);
    // The schema has no type, because the body is no text.
    let binary = || MediaType::from(json_schema!({ "contentMediaType": "message/rfc822" }));
    let operation = Operation::new(
        "postMessage",
        entry.spec.group.title(),
        "A message as it is",
    )
    .description(
        "The body is the message, of up to 25 MiB; an Outlook file (`.msg`) is accepted too.",
    )
    .parameter_refs(&[REQUEST_ID, LAST_EVENT_ID])
    .body(true, "message/rfc822", binary())
    .or_body("application/octet-stream", binary())
    .response("200", reply)
    .response_ref("204", ALL_SEEN);

    Some(with_problems(
        operation,
        &[&OF_LOOKUPS[..], &[408, 413, 415]].concat(),
    ))
}

/// Describes `short`, which belongs to the envelope of every command.
fn short() -> Parameter {
    Parameter {
        name: "short".to_owned(),
        place: Place::Query,
        required: false,
        description: "Text formats show values only, one per line".to_owned(),
        schema: json_schema!({ "type": "boolean", "default": false }),
        example: None,
    }
}

/// Describes an argument as a query parameter.
fn in_query(argument: &Argument, schema: &Value, example: Option<&Value>) -> Parameter {
    let form = argument.form.as_ref();
    let form = form.map(|form| format!(": {form}")).unwrap_or_default();
    Parameter {
        name: argument.name.clone(),
        place: Place::Query,
        required: argument.required,
        description: format!("{}{form}", argument.help.trim_end_matches('.')),
        schema: schemas::as_text(schema),
        example: example.cloned(),
    }
}

/// Describes `POST /v1/batch`, many lookups in one request.
pub(super) fn batch(registry: &Registry, schemas: &mut Schemas) -> Operation {
    let question = schemas.add("BatchQuestion", questions::batch_line(registry));
    // The schema has no type, so that client generators may treat the content as a single line.
    let lines = json_schema!({ "contentMediaType": NDJSON, "contentSchema": question });
    let example = "{\"command\":\"/mx example.com\",\"ref\":1}\n\
        {\"name\":\"a\",\"arguments\":{\"domain\":\"example.org\"},\"ref\":2}\n";
    let answers = stream_of(NDJSON, schemas.schema_for::<batch::BatchAnswer>());
    let answers = shared::response("One reply or error per line, with the `ref` of its request.")
        .content(NDJSON, answers);

    let operation = Operation::new("batch", LOOKUPS, "Run many commands in one request")
        .description(
            "One request per line, one reply per line in completion order. Read the response while sending; the server \
             applies back-pressure.",
        )
        .parameter_refs(&[REQUEST_ID])
        .body(false, NDJSON, MediaType::from(lines).example(example))
        .response("200", answers);
    with_problems(operation, &[401, 403, 429])
}

/// Describes `GET /v1/deliveries/{id}`, the status of a delivery.
pub(super) fn delivery(schemas: &mut Schemas) -> Operation {
    let id = path_parameter("id", "The id from the 202 response.", schemas);
    let delivery = shared::response("Status of the delivery.")
        .content(JSON, schemas.schema_for::<callbacks::DeliveryStatus>());
    let operation = Operation::new("delivery", LOOKUPS, "Status of a callback")
        .description("Kept for 7 days after its end. Anyone who has the id can read it.")
        .parameter_refs(&[REQUEST_ID])
        .parameter(id)
        .response("200", delivery);
    with_problems(operation, &[404, 503])
}

/// Describes `POST /v1/deliveries/{id}/send`.
pub(super) fn send_again(schemas: &mut Schemas) -> Operation {
    let id = path_parameter("id", "The id from the 202 response.", schemas);
    let accepted = shared::response("Attempts are being made again.")
        .header(
            "Location",
            Header {
                required: false,
                description: "",
                schema: schemas.schema_for::<str>(),
            },
        )
        .content(JSON, schemas.schema_for::<deliveries::AcceptedCallback>());
    let operation = Operation::new("sendAgain", LOOKUPS, "Send a failed callback again")
        .description(
            "With the same id and body, for a delivery in the state `failed` or `disabled`, within 7 days of its end. Attempts to its receiver are made again.",
        )
        .parameter_refs(&[REQUEST_ID])
        .parameter(id)
        .response("202", accepted);
    with_problems(operation, &[401, 403, 404, 408, 413, 429, 503])
}

/// Describes `GET /v1/callback-keys`.
pub(super) fn callback_keys(schemas: &mut Schemas) -> Operation {
    let keys = shared::response("The public keys, none where only shared secrets sign.")
        .content(JSON, schemas.schema_for::<deliveries::CallbackKeys>());
    let operation = Operation::new("callbackKeys", LOOKUPS, "Keys that verify callbacks")
        .description("Two during rotation: the new one and the old one.")
        .parameter_refs(&[REQUEST_ID])
        .response("200", keys)
        .without_security();
    with_problems(operation, &[503])
}

/// The description of `POST /v1/results`.
pub(super) fn keep(schemas: &mut Schemas) -> Operation {
    let request = MediaType::from(schemas.schema_for::<results::KeepRequest>())
        .example(json!({ "id": "01M7Z8Q4W0V6ZK3T5N9Y2B1XCE" }));
    let links = schemas.schema_for::<results::ResultLinks>();
    let location = |schemas: &mut Schemas| Header {
        required: false,
        description: "",
        schema: schemas.schema_for::<str>(),
    };
    let created = shared::response("The reply is kept.")
        .header("Location", location(schemas))
        .content(JSON, links.clone());
    let present = shared::response("The reply was kept before.")
        .header("Location", location(schemas))
        .content(JSON, links);

    let operation = Operation::new("keepResult", LOOKUPS, "Keep a reply for 30 days")
        .description(
            "For the client that got the reply, within 15 minutes. Replies about the client or about a message are \
             private and cannot be kept.",
        )
        .parameter_refs(&[REQUEST_ID])
        .body(true, JSON, request)
        .response("201", created)
        .response("200", present);
    with_problems(operation, &[400, 401, 403, 404, 408, 413, 429, 503])
}

/// The description of `GET /r/{id}`.
pub(super) fn result(schemas: &mut Schemas) -> Operation {
    let reply = shared::response("The kept reply, in the format that `Accept` prefers.")
        .content("text/html", schemas.schema_for::<str>())
        .content(JSON, schemas.schema_for::<AnyReply>())
        .content(TEXT, schemas.schema_for::<str>())
        .content("text/markdown", schemas.schema_for::<str>());
    let operation = Operation::new("result", LOOKUPS, "A kept result")
        .without_security()
        .parameter(path_parameter("id", "Identifier of the result.", schemas))
        .response("200", reply);
    with_problems(operation, &[404, 503])
}

/// The description of `GET /r/{id}/image.png`.
pub(super) fn image(schemas: &mut Schemas) -> Operation {
    let image = shared::response("Title, summary and chart of the result, 1,200 × 630 pixels.")
        .content("image/png", json_schema!({}));
    let operation = Operation::new("resultImage", LOOKUPS, "The preview image of a kept result")
        .without_security()
        .parameter(path_parameter("id", "Identifier of the result.", schemas))
        .response("200", image);
    with_problems(operation, &[404, 503])
}

/// The descriptions of `/r/{id}/delete/{token}`: `GET` for people, `POST` of its button, `DELETE`.
pub(super) fn delete_result(schemas: &mut Schemas) -> PathItem {
    let mut operation = |id, summary, status: &str, response| {
        let operation = Operation::new(id, LOOKUPS, summary)
            .without_security()
            .parameter(path_parameter("id", "Identifier of the result.", schemas))
            .parameter(path_parameter("token", "Token from `delete_url`.", schemas))
            .response(status, response);
        with_problems(operation, &[404, 503])
    };
    let page = |summary| {
        shared::response(summary).content("text/html", json_schema!({ "type": "string" }))
    };

    let question = "A page with a button that deletes the result";
    let deleted = shared::response("The result is deleted.");
    PathItem {
        get: Some(operation("askToDelete", question, "200", page(question))),
        post: Some(operation(
            "deleteWithButton",
            "Delete a kept result, from its page",
            "200",
            page("The result is deleted."),
        )),
        delete: Some(operation(
            "deleteResult",
            "Delete a kept result",
            "204",
            deleted,
        )),
    }
}

fn path_parameter(name: &str, description: &str, schemas: &mut Schemas) -> Parameter {
    Parameter {
        name: name.into(),
        place: Place::Path,
        required: true,
        description: description.into(),
        schema: schemas.schema_for::<str>(),
        example: None,
    }
}

/// Describes health, metrics and the other operations without a lookup, each with its path.
pub(super) fn service(schemas: &mut Schemas) -> Vec<(&'static str, Operation)> {
    let mut open = |id, summary, content_type| {
        let content = shared::response(summary).content(content_type, schemas.schema_for::<str>());
        Operation::new(id, SERVICE, summary)
            .without_security()
            .response("200", content)
    };

    let ready = open("isReady", "The service is ready", TEXT);
    let metrics = open("metrics", "Metrics for Prometheus", TEXT).with_security();
    let paths = [
        ("/healthz", open("isAlive", "The process is running", TEXT)),
        ("/metrics", with_problems(metrics, &[401])),
        ("/docs", open("documentation", "API guide", "text/html")),
    ];

    let unready = Response::new("The service is not ready; the text gives the reason.")
        .content(TEXT, schemas.schema_for::<str>());
    let description = shared::response("OpenAPI 3.1.").content(
        JSON,
        json_schema!({ "type": "object", "additionalProperties": true }),
    );
    let describe = Operation::new("describe", SERVICE, "This document")
        .without_security()
        .response("200", description);

    let [alive, metrics, docs] = paths;

    vec![
        alive,
        ("/readyz", ready.response("503", unready)),
        metrics,
        docs,
        ("/openapi.json", describe),
    ]
}

/// Adds the formats of a reply to a response.
fn content_forms(response: Response, reply: Schema, schemas: &mut Schemas) -> Response {
    let mut events = stream_of(
        "text/event-stream",
        schemas.schema_for::<events::StreamEvent>(),
    );
    let said = "`progress` events, then one `reply` or `error`; their data is the JSON of a reply or problem.";
    events.insert("description".into(), said.into());
    response
        .content(JSON, reply)
        .content(TEXT, schemas.schema_for::<str>())
        .content("text/markdown", schemas.schema_for::<str>())
        .content("text/event-stream", events)
}

/// Describes a stream of this media type whose items have this schema.
fn stream_of(media_type: &str, part: Schema) -> Schema {
    json_schema!({ "type": "string", "contentMediaType": media_type, "contentSchema": part })
}

/// Adds problem responses with these statuses.
fn with_problems(operation: Operation, statuses: &[u16]) -> Operation {
    statuses.iter().fold(operation, |operation, status| {
        operation.response_ref(&status.to_string(), &shared::problem_name(*status))
    })
}
