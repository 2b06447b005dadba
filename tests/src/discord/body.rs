//! Bodies of requests: plain JSON, or a form with `payload_json` and files.

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{FromRequest, Multipart, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use serde_json::Value;

use super::refusal::Refusal;

/// The body of a request from the bot.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The JSON of the request; `null` if there is none.
    pub json: Value,
    /// The files of the request, in order.
    pub files: Vec<File>,
}

/// A file of a form.
#[derive(Clone, Debug)]
pub struct File {
    /// The `n` of `files[n]`.
    pub number: String,
    /// Name of the file.
    pub name: String,
    /// Content type of the part.
    pub content_type: String,
    /// Content of the file.
    pub bytes: Bytes,
}

impl Body {
    pub(crate) async fn read(headers: &HeaderMap, bytes: Bytes) -> Result<Self, Refusal> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/json" => Ok(Self {
                json: json(&bytes)?,
                files: Vec::new(),
            }),
            "multipart/form-data" => form(kind, bytes).await,
            _ => Err(Refusal::form(
                "",
                "CONTENT_TYPE_INVALID",
                &format!("Wrong content type `{kind}`"),
            )),
        }
    }
}

fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    let invalid = |_| Refusal::new(400, 50109, "The request body contains invalid JSON.");
    serde_json::from_slice(bytes).map_err(invalid)
}

async fn form(kind: &str, bytes: Bytes) -> Result<Body, Refusal> {
    let wrong = |message: String| Refusal::form("", "FORM_INVALID", &message);
    let request = Request::builder()
        .header(CONTENT_TYPE, kind)
        .body(HttpBody::from(bytes));
    let request = request.map_err(|error| wrong(error.to_string()))?;
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| wrong(error.body_text()))?;
    let mut body = Body::default();

    while let Some(part) = form
        .next_field()
        .await
        .map_err(|error| wrong(error.body_text()))?
    {
        let field = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        let content_type = part.content_type().unwrap_or_default().to_owned();
        let bytes = part
            .bytes()
            .await
            .map_err(|error| wrong(error.body_text()))?;
        let number = field
            .strip_prefix("files[")
            .and_then(|rest| rest.strip_suffix(']'));

        match (field.as_str(), number, name) {
            ("payload_json", ..) => body.json = json(&bytes)?,
            (_, Some(number), Some(name)) => {
                body.files.push(File {
                    number: number.to_owned(),
                    name,
                    content_type,
                    bytes,
                });
            }
            _ => return Err(wrong(format!("No part is called `{field}`"))),
        }
    }

    if body.json.is_null() {
        Err(wrong("payload_json is missing".to_owned()))
    } else {
        Ok(body)
    }
}
