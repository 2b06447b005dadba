//! Kept results: how they are made, read and deleted.

use schemars::json_schema;
use serde_json::json;

use super::{
    super::{
        model::{Header, MediaType, Operation, PathItem},
        shared::{self, REQUEST_ID},
    },
    JSON, LOOKUPS, TEXT, path_parameter, with_problems,
};
use crate::{
    api::results,
    schemas::{AnyReply, Schemas},
};

/// The description of `POST /v1/results`.
pub(in super::super) fn keep(schemas: &mut Schemas) -> Operation {
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
pub(in super::super) fn result(schemas: &mut Schemas) -> Operation {
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
pub(in super::super) fn image(schemas: &mut Schemas) -> Operation {
    let image = shared::response("Title, summary and chart of the result, 1,200 × 630 pixels.")
        .content("image/png", json_schema!({}));
    let operation = Operation::new("resultImage", LOOKUPS, "The preview image of a kept result")
        .without_security()
        .parameter(path_parameter("id", "Identifier of the result.", schemas))
        .response("200", image);
    with_problems(operation, &[404, 503])
}

/// The descriptions of `/r/{id}/delete/{token}`: `GET` for people, `POST` of its button, `DELETE`.
pub(in super::super) fn delete_result(schemas: &mut Schemas) -> PathItem {
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
