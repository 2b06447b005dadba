//! Lookups: one command, many in a batch, and the request with a reply to a callback.

use netvane_core::{
    command::{Entry, Listing, Registry},
    spec::Argument,
};
use schemars::json_schema;
use serde_json::{Value, json};

use super::{
    super::{
        model::{Header, MediaType, Operation, Parameter, ParameterPlace},
        questions,
        shared::{self, ALL_SEEN, CACHE_CONTROL, ETAG, IF_NONE_MATCH, LAST_EVENT_ID, REQUEST_ID},
    },
    JSON, LOOKUPS, NDJSON,
    callbacks::deliver,
    content_forms, stream_of, with_problems,
};
use crate::{
    api::deliveries,
    mail,
    schemas::{self, AnyReply, Schemas},
};

/// Problem statuses that any lookup can end with.
const OF_LOOKUPS: [u16; 8] = [400, 401, 403, 429, 500, 502, 503, 504];

/// Describes `GET /v1/commands`, the list of commands.
pub(in super::super) fn list(schemas: &mut Schemas) -> Operation {
    let listed = shared::response("All commands with their arguments.")
        .content(JSON, schemas.schema_for::<Listing>());
    let operation = Operation::new("listCommands", LOOKUPS, "Commands")
        .parameter_refs(&[REQUEST_ID])
        .response("200", listed);
    with_problems(operation, &[401, 429])
}

/// Describes `POST /v1/commands`, a single lookup.
pub(in super::super) fn ask(registry: &Registry, schemas: &mut Schemas) -> Operation {
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

/// Describes `GET /v1/commands/{name}` for one command.
pub(in super::super) fn command(
    registry: &Registry,
    entry: &Entry,
    schemas: &mut Schemas,
) -> Operation {
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
pub(in super::super) fn message(entry: &Entry, schemas: &mut Schemas) -> Option<Operation> {
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
        place: ParameterPlace::Query,
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
        place: ParameterPlace::Query,
        required: argument.required,
        description: format!("{}{form}", argument.help.trim_end_matches('.')),
        schema: schemas::as_text(schema),
        example: example.cloned(),
    }
}

/// Describes `POST /v1/batch`, many lookups in one request.
pub(in super::super) fn batch(registry: &Registry, schemas: &mut Schemas) -> Operation {
    let question = schemas.add("BatchQuestion", questions::batch_line(registry));
    // The schema has no type, so that client generators may treat the content as a single line.
    let lines = json_schema!({ "contentMediaType": NDJSON, "contentSchema": question });
    let example = "{\"command\":\"/mx example.com\",\"ref\":1}\n\
        {\"name\":\"a\",\"arguments\":{\"domain\":\"example.org\"},\"ref\":2}\n";
    let answers = stream_of(
        NDJSON,
        schemas.schema_for::<crate::api::batch::BatchAnswer>(),
    );
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
