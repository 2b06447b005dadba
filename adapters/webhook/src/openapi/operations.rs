//! The API's operations, path by path.

mod callbacks;
mod lookups;
mod results;

use schemars::{Schema, json_schema};

use super::{
    model::{Operation, Parameter, ParameterPlace, Response},
    shared,
};
use crate::{events, schemas::Schemas};

pub(super) use callbacks::{callback_keys, delivery, send_again};
pub(super) use lookups::{ask, batch, command, list, message};
pub(super) use results::{delete_result, image, keep, result};

/// Tags of operations that belong to no single command.
pub(super) const LOOKUPS: &str = "Lookups";
pub(super) const SERVICE: &str = "Service";

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const TEXT: &str = "text/plain";

fn path_parameter(name: &str, description: &str, schemas: &mut Schemas) -> Parameter {
    Parameter {
        name: name.into(),
        place: ParameterPlace::Path,
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
