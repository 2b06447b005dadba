//! Discord's own description of its API, if a copy is available.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::Validator;
use serde_json::{Value, json};

/// Validates requests against the description; without a copy, everything passes.
pub(crate) struct Spec {
    document: Option<Value>,
    compiled: Mutex<HashMap<String, Option<Arc<Validator>>>>,
}

impl Default for Spec {
    fn default() -> Self {
        let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/specs"));
        let directory = std::env::var_os("NETVANE_SPECS").map_or(beside, PathBuf::from);
        let text = std::fs::read(directory.join("discord-openapi.json")).ok();
        let document =
            text.map(|text| serde_json::from_slice(&text).expect("the description is JSON"));
        Self {
            document,
            compiled: Mutex::default(),
        }
    }
}

impl Spec {
    pub(crate) fn found(&self) -> bool {
        self.document.is_some()
    }

    /// Checks a request; the error says what is wrong.
    pub(crate) fn check(&self, method: &str, path: &str, body: &Value) -> Result<(), String> {
        let Some(document) = &self.document else {
            return Ok(());
        };
        let (template, operations) = find(document, path).ok_or("no such path is described")?;
        let method = method.to_ascii_lowercase();
        let operation = operations
            .get(&method)
            .ok_or("no such method is described for this path")?;
        let described = operation
            .pointer("/requestBody/content/application~1json/schema")
            .is_some();

        match (described, body.is_null()) {
            (false, true) => return Ok(()),
            (false, false) => return Err("a body is not described for this request".to_owned()),
            (true, true) if operation["requestBody"]["required"] == true => {
                return Err("the body is missing".to_owned());
            }
            (true, true) => return Ok(()),
            (true, false) => {}
        }

        let Some(validator) = self.validator(document, template, &method) else {
            return Ok(());
        };
        let body = adjusted(body.clone());
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|e| format!("{} at `{}`", e, e.instance_path()))
            .collect();

        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors.join("; "))
        }
    }

    fn validator(&self, document: &Value, template: &str, method: &str) -> Option<Arc<Validator>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = compiled.entry(format!("{method} {template}"));
        let compile = || {
            let operation = &document["paths"][template][method];
            let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
            let root = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "allOf": [schema],
                "components": document["components"],
            });
            let validator = jsonschema::validator_for(&root);
            Some(Arc::new(validator.unwrap_or_else(|error| {
                panic!("{method} {template}: {error}")
            })))
        };
        entry.or_insert_with(compile).clone()
    }
}

/// Finds the described path that matches; prefers one without placeholders.
fn find<'a>(document: &'a Value, path: &str) -> Option<(&'a str, &'a Value)> {
    let fits = |template: &str| {
        let (parts, given) = (template.split('/'), path.split('/'));
        parts.clone().count() == given.clone().count()
            && parts
                .zip(given)
                .all(|(part, given)| part.starts_with('{') || part == given)
    };
    let paths = document["paths"].as_object()?.iter();
    let fitting = paths.filter(|(template, _)| fits(template));
    fitting
        .min_by_key(|(template, _)| template.matches('{').count())
        .map(|(name, value)| (name.as_str(), value))
}

/// Relaxes the description where it is stricter than Discord: its own examples use numbers for new
/// files, and its documentation uses strings for permissions.
fn adjusted(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            if let Some(Value::Array(attachments)) = fields.get_mut("attachments") {
                for attachment in attachments {
                    if let Some(number) = attachment["id"].as_u64() {
                        attachment["id"] = json!(number.to_string());
                    }
                }
            }
            let permissions = fields
                .get("default_member_permissions")
                .and_then(Value::as_str);
            if let Some(number) = permissions.and_then(|text| text.parse::<u64>().ok()) {
                fields["default_member_permissions"] = json!(number);
            }
            for field in fields.values_mut() {
                *field = adjusted(field.take());
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|entry| *entry = adjusted(entry.take())),
        _ => {}
    }

    value
}
