//! Callbacks: the request that is sent, its status, and the keys that verify it.

use schemars::json_schema;

use super::{
    super::{
        model::{Header, Operation, Parameter, ParameterPlace, Response},
        shared::{self, REQUEST_ID},
    },
    JSON, LOOKUPS, path_parameter, with_problems,
};
use crate::{api::deliveries, callbacks, schemas::Schemas};

/// Describes the request that is sent to the `callback` URL.
pub(super) fn deliver(schemas: &mut Schemas) -> Operation {
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
                place: ParameterPlace::Header,
                required: true,
                description: description.to_owned(),
                schema,
                example: None,
            })
        })
        .body(
            true,
            JSON,
            schemas.schema_for::<callbacks::DeliveryMessage>().into(),
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

/// Describes `GET /v1/deliveries/{id}`, the status of a delivery.
pub(in super::super) fn delivery(schemas: &mut Schemas) -> Operation {
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

/// Describes `POST /v1/deliveries/{id}/send`, which makes attempts again.
pub(in super::super) fn send_again(schemas: &mut Schemas) -> Operation {
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

/// Describes `GET /v1/callback-keys`, the keys that verify a callback.
pub(in super::super) fn callback_keys(schemas: &mut Schemas) -> Operation {
    let keys = shared::response("The public keys, none where only shared secrets sign.")
        .content(JSON, schemas.schema_for::<deliveries::CallbackKeys>());
    let operation = Operation::new("callbackKeys", LOOKUPS, "Keys that verify callbacks")
        .description("Two during rotation: the new one and the old one.")
        .parameter_refs(&[REQUEST_ID])
        .response("200", keys)
        .without_security();
    with_problems(operation, &[503])
}
