//! The parameters of a call, in all forms that the platform accepts.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{FromRequest, Multipart},
    http::{Request, header::CONTENT_TYPE},
};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Largest upload of a bot in bytes.
const MOST_BYTES: usize = 50 << 20;

/// Parameters that are text even if they look like another type.
const TEXTUAL: [&str; 22] = [
    "action",
    "business_connection_id",
    "callback_query_id",
    "caption",
    "description",
    "document",
    "file_id",
    "inline_message_id",
    "inline_query_id",
    "ip_address",
    "language_code",
    "message_effect_id",
    "name",
    "next_offset",
    "parse_mode",
    "photo",
    "secret_token",
    "short_description",
    "text",
    "thumbnail",
    "title",
    "url",
];

/// A file in a form.
#[derive(Clone)]
pub(super) struct Upload {
    pub name: String,
    pub mime: Option<String>,
    pub bytes: Vec<u8>,
}

/// Parameters and files of a call.
#[derive(Clone, Default)]
pub(super) struct Parameters {
    pub values: Map<String, Value>,
    pub files: BTreeMap<String, Upload>,
}

impl Parameters {
    /// Reads the parameters from the query and the body.
    pub(super) async fn read(request: Request<Body>) -> Result<Self, Refusal> {
        let mut parameters = Self::default();

        for (name, value) in
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
        {
            parameters.put(&name, &value);
        }

        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();

        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();

        if kind == "multipart/form-data" {
            parameters.form(request).await?;
            return Ok(parameters);
        }

        let body = request
            .into_body()
            .collect()
            .await
            .map_err(|_| Refusal::bad("the body ended early"))?;

        let body = body.to_bytes();

        match kind.as_str() {
            _ if body.is_empty() => {}
            "application/json" => {
                let read = serde_json::from_slice::<Map<String, Value>>(&body);
                let values =
                    read.map_err(|error| Refusal::bad(format!("can't parse JSON: {error}")))?;
                parameters.values.extend(values);
            }
            "application/x-www-form-urlencoded" => {
                for (name, value) in form_urlencoded::parse(&body) {
                    parameters.put(&name, &value);
                }
            }
            _ => {
                return Err(Refusal::bad(format!(
                    "nobody reads a body of type {kind:?}"
                )));
            }
        }

        Ok(parameters)
    }

    async fn form(&mut self, request: Request<Body>) -> Result<(), Refusal> {
        let broken =
            |error: &dyn std::fmt::Display| Refusal::bad(format!("can't parse the form: {error}"));
        let mut request = request;
        axum::extract::DefaultBodyLimit::max(MOST_BYTES + (1 << 20)).apply(&mut request);
        let mut form = Multipart::from_request(request, &())
            .await
            .map_err(|error| broken(&error))?;

        while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            let file = field.file_name().map(str::to_owned);
            let mime = field.content_type().map(str::to_owned);
            let bytes = field
                .bytes()
                .await
                .map_err(|error| broken(&error))?
                .to_vec();

            if bytes.len() > MOST_BYTES {
                return Err(Refusal::new(413, "Request Entity Too Large"));
            }

            match file {
                Some(file) => drop(self.files.insert(
                    name,
                    Upload {
                        name: file,
                        mime,
                        bytes,
                    },
                )),
                None => self.put(
                    &name,
                    &String::from_utf8(bytes).map_err(|error| broken(&error))?,
                ),
            }
        }

        Ok(())
    }

    fn put(&mut self, name: &str, text: &str) {
        let read = if TEXTUAL.contains(&name) {
            None
        } else {
            serde_json::from_str(text).ok()
        };
        self.values
            .insert(name.to_owned(), read.unwrap_or_else(|| text.into()));
    }

    /// Returns all names, including files that are parameters themselves.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Turns files that come as a parameter into references; returns the files that no parameter
    /// refers to.
    pub(super) fn attach(&mut self, known: impl Fn(&str) -> bool) -> Vec<String> {
        for name in self.files.keys().filter(|name| known(name)) {
            self.values
                .entry(name.clone())
                .or_insert_with(|| format!("attach://{name}").into());
        }
        let written = Value::Object(self.values.clone()).to_string();
        self.files
            .keys()
            .filter(|name| !written.contains(&format!("attach://{name}\"")))
            .cloned()
            .collect()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Reads an optional text parameter.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.typed(name, "a String", Value::as_str)
    }

    /// Reads an optional integer parameter.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.typed(name, "an Integer", Value::as_i64)
    }

    /// Reads a flag; false if absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        Ok(self
            .typed(name, "a Boolean", Value::as_bool)?
            .unwrap_or_default())
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .ok_or_else(|| Refusal::bad(format!("field \"{name}\" must be {kind}")))
    }
}
