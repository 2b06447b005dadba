//! Components that several operations share: parameters, headers, problems, the key.

use schemars::{Schema, json_schema};

use super::model::{Header, Named, Parameter, ParameterPlace, Response, SecurityScheme};

/// Names of the shared components.
pub(super) const REQUEST_ID: &str = "RequestId";
pub(super) const LAST_EVENT_ID: &str = "LastEventId";
pub(super) const IF_NONE_MATCH: &str = "IfNoneMatch";
pub(super) const ETAG: &str = "ETag";
pub(super) const CACHE_CONTROL: &str = "CacheControl";
const RETRY_AFTER: &str = "RetryAfter";
pub(super) const ALL_SEEN: &str = "AllSeen";
pub(super) const UNCHANGED: &str = "Unchanged";
pub(super) const KEY: &str = "key";

/// Statuses of problems, with when they occur.
const PROBLEMS: [(u16, &str); 12] = [
    (400, "Invalid request."),
    (401, "Missing or unknown API key."),
    (403, "The target is refused, or the client may not do this."),
    (404, "Unknown command, delivery or result."),
    (408, "Timeout while reading the request body."),
    (413, "The request body is too large."),
    (415, "The Content-Type is not supported."),
    (429, "Rate limited."),
    (500, "Internal error."),
    (502, "An upstream server failed."),
    (503, "Not available on this server, or not now."),
    (504, "An upstream server did not answer in time."),
];

/// Returns the name of the component for problems of this status.
pub(super) fn problem_name(status: u16) -> String {
    format!("Problem{status}")
}

/// Builds a response that carries the request id.
pub(super) fn response(description: &str) -> Response {
    Response::new(description).header_ref("X-Request-Id", REQUEST_ID)
}

/// Builds the responses that several operations share; `problem` is the schema of a problem.
pub(super) fn responses(problem: &Schema) -> Named<Response> {
    let problems = PROBLEMS.iter().map(|(status, when)| {
        let response = response(when).content("application/problem+json", problem.clone());
        let response = if *status == 429 {
            response.header_ref("Retry-After", RETRY_AFTER)
        } else {
            response
        };
        (problem_name(*status), response)
    });
    let all_seen =
        "Only for event streams: the stream ended with the event named by `Last-Event-ID`.";
    let unchanged = response("The content named by `If-None-Match` has not changed.")
        .header_ref("ETag", ETAG)
        .header_ref("Cache-Control", CACHE_CONTROL);
    let others = [
        (ALL_SEEN.to_owned(), Response::new(all_seen)),
        (UNCHANGED.to_owned(), unchanged),
    ];
    problems.chain(others).collect()
}

pub(super) fn parameters() -> Named<Parameter> {
    [
        (
            REQUEST_ID,
            "X-Request-Id",
            "Request id, echoed in the response and logged: up to 128 letters, digits and `._-`. One is generated \
             if absent.",
        ),
        (
            LAST_EVENT_ID,
            "Last-Event-ID",
            "Only for event streams: resumes the stream after this event.",
        ),
        (
            IF_NONE_MATCH,
            "If-None-Match",
            "`ETag` of the reply that the client has.",
        ),
    ]
    .map(|(component, name, description)| {
        let parameter = Parameter {
            name: name.to_owned(),
            place: ParameterPlace::Header,
            required: false,
            description: description.to_owned(),
            schema: json_schema!({ "type": "string" }),
            example: None,
        };
        (component.to_owned(), parameter)
    })
    .into()
}

pub(super) fn headers() -> Named<Header> {
    [
        (
            REQUEST_ID,
            true,
            "Id of this request, also in the log.",
            "^[A-Za-z0-9._-]{1,128}$",
        ),
        (
            ETAG,
            false,
            "Present if the reply may be cached. TTLs that count down do not change it.",
            "^W/\"[0-9a-f]{32}\"$",
        ),
        (
            CACHE_CONTROL,
            true,
            "Freshness lifetime of the reply; `no-store` if it must not be cached.",
            "^(no-store|private, max-age=[0-9]+)$",
        ),
        (
            RETRY_AFTER,
            false,
            "Seconds after which asking again makes sense.",
            "^[0-9]+$",
        ),
    ]
    .map(|(component, required, description, pattern)| {
        let header = Header {
            required,
            description,
            schema: json_schema!({ "type": "string", "pattern": pattern }),
        };
        (component.to_owned(), header)
    })
    .into()
}

pub(super) fn security_schemes() -> Named<SecurityScheme> {
    let key = SecurityScheme {
        kind: "http",
        scheme: "bearer",
        description: "A key of this installation. Whether one is needed is for its operator to say.",
    };
    Named::from([(KEY.to_owned(), key)])
}
