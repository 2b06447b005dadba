//! The platform's error responses.

use serde_json::{Value, json};

/// A response that is not `ok`.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub code: u16,
    pub description: String,
    pub parameters: Option<Value>,
}

/// The result of a method.
pub(super) type Answer = Result<Value, Refusal>;

impl Refusal {
    pub(super) fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            parameters: None,
        }
    }

    /// Error 400 Bad Request, with a reason.
    pub(super) fn bad(why: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", why.as_ref()))
    }

    /// Error 403 Forbidden, with a reason.
    pub(super) fn forbidden(why: &str) -> Self {
        Self::new(403, format!("Forbidden: {why}"))
    }

    /// Error 409 Conflict, with a reason.
    pub(super) fn conflict(why: &str) -> Self {
        Self::new(409, format!("Conflict: {why}"))
    }

    /// Error 401 Unauthorized, for wrong tokens.
    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    /// Error 404 Not Found, for unknown methods.
    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// Error 429, Too Many Requests, with `retry_after`.
    pub(super) fn flood(seconds: u64) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        Self {
            parameters: Some(json!({ "retry_after": seconds })),
            ..Self::new(429, description)
        }
    }

    /// Error for a query that was answered, is too old or never existed.
    pub(super) fn too_old() -> Self {
        Self::bad("query is too old and response timeout expired or query ID is invalid")
    }

    pub(super) fn json(&self) -> Value {
        let mut json =
            json!({ "ok": false, "error_code": self.code, "description": self.description });
        if let Some(parameters) = &self.parameters {
            json["parameters"] = parameters.clone();
        }
        json
    }
}
