//! The reply to one lookup, and its JSON envelope.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer, ser::Error};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    Block, Document, ErasedAnswer, Severity,
    truncated::{json_bytes, json_within},
};

/// Name of this process as a vantage point.
pub const LOCAL: &str = "local";

/// Largest size of the data of a reply as JSON, in bytes.
pub const MAX_DATA: usize = 256 << 10;
/// Largest size of a reply as JSON without its arguments, in bytes.
pub const MAX_REPLY: usize = 1 << 20;

/// The part of a reply that is larger than it may be: its name and its bound in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge(pub &'static str, pub usize);

/// The data of a lookup with its document and JSON, each built at most once. Many replies share
/// one.
pub struct RenderedAnswer {
    /// The data of the lookup.
    pub finding: Arc<dyn ErasedAnswer>,
    document: OnceLock<Document>,
    json: OnceLock<Arc<str>>,
    size: OnceLock<usize>,
}

/// One answer to one caller.
#[derive(Clone)]
pub struct Reply {
    /// A ULID: unique, sorts by time.
    pub id: String,
    /// Name of the command.
    pub command: &'static str,
    /// Arguments in their canonical spelling.
    pub arguments: Arc<Map<String, Value>>,
    /// Data, document and JSON, shared with replies from the cache.
    pub rendition: Arc<RenderedAnswer>,
    /// The values alone, if the caller asked for the `short` form. Text forms show them instead of the document.
    pub short: Option<Arc<ShortForm>>,
    /// Time from receiving the request to having the answer.
    pub elapsed: Duration,
    /// Whether the answer came from the cache.
    pub cached: bool,
    /// Remaining freshness lifetime of the answer.
    pub fresh_for: Duration,
    /// Vantage points of the lookup; `None` for this process.
    pub vantage: Option<Arc<str>>,
}

/// The values of a reply without titles and tables, for text forms.
#[derive(Debug)]
pub struct ShortForm {
    /// One value a line; empty if there are none, as for a name without records.
    values: Vec<String>,
    document: Document,
}

impl ShortForm {
    /// Creates the short form of a document. Without values, a document has its summary.
    pub fn new(values: Vec<String>, whole: &Document) -> Self {
        let summary = if values.is_empty() {
            whole.summary.as_str()
        } else {
            ""
        };
        let mut document = Document::new(whole.title.as_str(), summary, whole.severity);
        if !values.is_empty() {
            document.code(values.join("\n"));
        }
        Self { values, document }
    }

    /// The values as text, one a line, safe to print in a terminal.
    pub fn text(&self) -> String {
        self.values
            .iter()
            .map(|value| format!("{}\n", crate::render::printable_line(value)))
            .collect()
    }
}

/// The members of the JSON object that all replies with the same answer share.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "")]
struct Shared<'a> {
    command: &'a str,
    /// Arguments in their canonical spelling.
    arguments: &'a Map<String, Value>,
    severity: Severity,
    title: &'a str,
    /// The result in one sentence.
    summary: &'a str,
    #[schemars(with = "Value")]
    data: &'a RawValue,
    /// A renderable version of the reply.
    blocks: &'a [Block],
    /// Warnings and remarks about the result.
    warnings: &'a [String],
}

/// The whole JSON object, for the published schema and for serde. [`Reply::to_json`] writes the
/// same faster.
#[derive(Serialize, JsonSchema)]
#[schemars(inline, description = "")]
struct Envelope<'a> {
    /// Identifier of the reply, a ULID.
    #[schemars(regex(pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"))]
    id: &'a str,
    #[serde(flatten)]
    shared: Shared<'a>,
    /// Time from receiving the request to having the answer, in milliseconds.
    #[schemars(range(min = 0))]
    #[serde(serialize_with = "milliseconds")]
    elapsed_ms: f64,
    /// Whether the answer came from the cache.
    cached: bool,
    /// Vantage point of the lookup.
    vantage: &'a str,
}

/// Writes whole numbers without a fraction.
fn milliseconds<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 {
        serializer.serialize_u64(*value as u64)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// Builds the JSON Schema of the replies of `command`, whose `data` member has the schema `data`.
pub fn reply_schema(generator: &mut SchemaGenerator, command: &str, data: Schema) -> Schema {
    let mut schema = Envelope::json_schema(generator);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("command".into(), serde_json::json!({ "const": command }));
        properties.insert("data".into(), data.into());
    }
    schema
}

impl RenderedAnswer {
    /// Wraps the data; document and JSON are built on demand.
    pub fn new(finding: Arc<dyn ErasedAnswer>) -> Self {
        Self {
            finding,
            document: OnceLock::new(),
            json: OnceLock::new(),
            size: OnceLock::new(),
        }
    }

    /// The document, built on first use.
    pub fn document(&self) -> &Document {
        self.document.get_or_init(|| self.finding.present())
    }

    /// Size of data, document and warnings as JSON in bytes: about the size of the reply, without its arguments.
    pub fn json_size(&self) -> usize {
        *self.size.get_or_init(|| {
            let document = self.document();
            self.finding.data_size()
                + json_bytes(&document.blocks)
                + json_bytes(&document.warnings)
                + document.title.len()
                + document.summary.len()
        })
    }

    /// Bytes that the answer holds in memory once it is rendered, estimated: the data, the document and the JSON of both.
    pub fn size(&self) -> usize {
        3 * self.json_size()
    }

    /// Builds the JSON now, so that later uses only copy it.
    ///
    /// # Errors
    /// The data or the reply would be larger than it may be.
    pub fn prepare(&self, command: &str, arguments: &Map<String, Value>) -> Result<(), TooLarge> {
        if self.json.get().is_some() {
            return Ok(());
        }
        let json = self.write(command, arguments, MAX_DATA, MAX_REPLY)?;
        let _ = self.size.set(json.len() - json_bytes(arguments));
        let _ = self.json.set(json);
        Ok(())
    }

    /// The part of the JSON object that all replies with this answer share, built once.
    fn json(&self, command: &str, arguments: &Map<String, Value>) -> &str {
        self.json.get_or_init(|| {
            let most = usize::MAX;
            self.write(command, arguments, most, most)
                .unwrap_or_default()
        })
    }

    /// Writes data and document. A document that no text form has asked for yet is not kept: the JSON has it.
    fn write(
        &self,
        command: &str,
        arguments: &Map<String, Value>,
        max_data: usize,
        max_reply: usize,
    ) -> Result<Arc<str>, TooLarge> {
        let data = self
            .finding
            .data_json(max_data)
            .ok_or(TooLarge("data", max_data))?;

        let built;
        let document = match self.document.get() {
            Some(document) => document,
            None => {
                built = self.finding.present();
                &built
            }
        };

        let limit = max_reply.saturating_add(json_bytes(arguments));
        json_within(&shared(command, arguments, document, &data), limit)
            .map(Arc::from)
            .ok_or(TooLarge("reply", max_reply))
    }
}

fn shared<'a>(
    command: &'a str,
    arguments: &'a Map<String, Value>,
    document: &'a Document,
    data: &'a RawValue,
) -> Shared<'a> {
    let Document {
        title,
        summary,
        severity,
        blocks,
        warnings,
        chart: _,
    } = document;
    Shared {
        command,
        arguments,
        severity: *severity,
        title,
        summary,
        data,
        blocks,
        warnings,
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = self.rendition.finding.data_json(usize::MAX);
        let data = data.ok_or_else(|| S::Error::custom("data without JSON form"))?;
        let document = self.rendition.document();
        let envelope = Envelope {
            id: &self.id,
            shared: shared(self.command, &self.arguments, document, &data),
            elapsed_ms: self.elapsed_ms(),
            cached: self.cached,
            vantage: self.vantage(),
        };
        envelope.serialize(serializer)
    }
}

impl Reply {
    /// The document that text forms show: the whole one, or the values alone if the caller asked for the `short` form.
    pub fn document(&self) -> &Document {
        match &self.short {
            Some(short) => &short.document,
            None => self.rendition.document(),
        }
    }

    /// Writes the JSON object. Equals what serde writes, but reuses the part that replies share.
    pub fn to_json(&self) -> String {
        let shared = self.rendition.json(self.command, &self.arguments);
        let inner = shared
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or_default();
        format!(
            r#"{{"id":"{}",{inner},"elapsed_ms":{},"cached":{},"vantage":"{}"}}"#,
            self.id,
            self.elapsed_ms(),
            self.cached,
            self.vantage()
        )
    }

    /// Name of the vantage point, or the value of `from` for several. Its characters need no escapes in JSON.
    pub fn vantage(&self) -> &str {
        self.vantage.as_deref().unwrap_or(LOCAL)
    }

    /// Milliseconds, rounded to the microsecond.
    fn elapsed_ms(&self) -> f64 {
        (self.elapsed.as_secs_f64() * 1e6).round() / 1e3
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::Answer;

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    struct Data {
        text: String,
    }

    impl Answer for Data {
        fn present(&self) -> Document {
            let mut document = Document::new("A \"title\"", self.text.as_str(), Severity::Warning);
            document.field("name", "value").note("a remark");
            document
        }
    }

    #[test]
    fn joined_json_equals_what_serde_writes() {
        let arguments = serde_json::json!({ "domain": "example.com" });
        for (microseconds, cached) in [(0, false), (12_000, true), (12_345, false), (7, true)] {
            let reply = Reply {
                id: "01M7Z8Q4W0V6ZK3T5N9Y2B1XCE".into(),
                command: "a",
                arguments: Arc::new(arguments.as_object().cloned().expect("an object")),
                rendition: Arc::new(RenderedAnswer::new(Arc::new(Data { text: "{}".into() }))),
                short: None,
                elapsed: Duration::from_micros(microseconds),
                cached,
                fresh_for: Duration::ZERO,
                vantage: None,
            };
            let written = serde_json::to_string(&reply).expect("serializes");
            assert_eq!(reply.to_json(), written);
        }
    }
}
