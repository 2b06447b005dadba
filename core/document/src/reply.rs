//! The reply envelope of contract §2.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Block, Document, Finding, Severity};

/// What a lookup found and the document that says it. Many replies share one.
pub struct Rendition {
    /// The data, typed behind the trait.
    pub finding: Arc<dyn Finding>,
    document: OnceLock<Document>,
    json: OnceLock<Arc<str>>,
}

/// One answer to one asker.
#[derive(Clone)]
pub struct Reply {
    /// Unique; sorts by time.
    pub id: String,
    /// The command's name.
    pub command: &'static str,
    /// Its canonical arguments.
    pub arguments: Arc<Map<String, Value>>,
    /// The answer itself.
    pub rendition: Arc<Rendition>,
    /// From the question received to the answer ready.
    pub elapsed: Duration,
    /// Whether an earlier lookup answered it.
    pub cached: bool,
    /// How long the answer still holds.
    pub fresh_for: Duration,
}

impl Rendition {
    /// Presents a finding.
    pub fn new(finding: Arc<dyn Finding>) -> Self {
        Self {
            finding,
            document: OnceLock::new(),
            json: OnceLock::new(),
        }
    }

    /// What it says; made when someone looks.
    pub fn document(&self) -> &Document {
        self.document.get_or_init(|| self.finding.present())
    }

    /// The part of the JSON object that all replies with this answer share; made once.
    fn json(&self, command: &str, arguments: &Map<String, Value>) -> &str {
        #[derive(Serialize)]
        struct Shared<'a> {
            command: &'a str,
            arguments: &'a Map<String, Value>,
            severity: Severity,
            title: &'a str,
            summary: &'a str,
            data: Value,
            blocks: &'a [Block],
            warnings: &'a [String],
        }

        self.json.get_or_init(|| {
            let Document {
                title,
                summary,
                severity,
                blocks,
                warnings,
            } = self.document();

            let shared = Shared {
                command,
                arguments,
                severity: *severity,
                title,
                summary,
                data: self.finding.data(),
                blocks,
                warnings,
            };

            serde_json::to_string(&shared).unwrap_or_default().into()
        })
    }
}

impl Reply {
    /// The whole JSON object.
    pub fn to_json(&self) -> String {
        let shared = self.rendition.json(self.command, &self.arguments);
        let inner = shared
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or_default();
        let elapsed = (self.elapsed.as_secs_f64() * 1e6).round() / 1e3;
        format!(
            r#"{{"id":"{}",{inner},"elapsed_ms":{elapsed},"cached":{},"vantage":"local"}}"#,
            self.id, self.cached
        )
    }
}
