//! The columns of CSV: the same for every row, whatever a reply holds.

use std::time::Duration;

use netvane_core::command::Entry;
use serde_json::Value;

/// Columns that every command has; those of its data follow.
pub(super) const FIRST: [&str; 4] = ["input", "severity", "summary", "elapsed_ms"];

/// Returns the members of a command's data: first those with one value, then lists and objects, which are written as JSON.
pub(super) fn of(entry: &Entry) -> Vec<String> {
    let schema = Value::from(entry.data_schema());
    let mut members: Vec<(String, bool)> = Vec::new();
    collect(&schema, &schema, &mut members, 0);
    // Stable: the order of the schema within both parts.
    members.sort_by_key(|(_, is_nested)| *is_nested);
    members.into_iter().map(|(name, _)| name).collect()
}

/// Schemas within schemas that are followed; the registry's have fewer.
const MAX_DEPTH: usize = 8;

/// Adds the members of a schema and of its alternatives, each once, and whether it is nested.
fn collect(root: &Value, schema: &Value, members: &mut Vec<(String, bool)>, depth: usize) {
    let schema = resolved(root, schema);
    if depth > MAX_DEPTH {
        return;
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, member) in properties {
            let nested = is_nested(root, member, depth);
            match members.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known |= nested,
                None => members.push((name.clone(), nested)),
            }
        }
    }
    for part in alternatives(schema) {
        collect(root, part, members, depth + 1);
    }
}

/// Whether a member may be a list or an object.
fn is_nested(root: &Value, schema: &Value, depth: usize) -> bool {
    let schema = resolved(root, schema);
    let is_structure = |kind: &Value| kind == "array" || kind == "object";
    let by_type = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_structure),
        Some(kind) => is_structure(kind),
        None => schema.get("properties").is_some(),
    };
    by_type
        || depth < MAX_DEPTH && alternatives(schema).any(|part| is_nested(root, part, depth + 1))
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array())
        .flatten()
}

/// Follows a reference to a definition of the same schema.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(schema)
}

/// Returns a value as the text of a cell: empty without one, lists and objects as JSON.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Milliseconds with at most three digits after the point, as in the JSON of a reply.
pub(super) fn milliseconds(elapsed: Duration) -> String {
    ((elapsed.as_secs_f64() * 1e6).round() / 1e3).to_string()
}

#[cfg(test)]
mod tests {
    use netvane_core::{Caller, Engine, Input, Platform, Request, settings::Settings};

    use super::*;

    #[test]
    fn no_column_appears_twice() {
        for entry in netvane_core::registry().entries() {
            let mut columns = [FIRST.map(String::from).to_vec(), of(entry)].concat();
            assert!(columns.len() > FIRST.len(), "{}", entry.spec.name);
            columns.sort();
            let count = columns.len();
            columns.dedup();
            assert_eq!(columns.len(), count, "{}", entry.spec.name);
        }
    }

    #[tokio::test]
    async fn every_member_of_the_data_has_a_column() {
        let engine = Engine::new(&Settings::default()).expect("an engine");
        for line in [
            "port 22",
            "subnet 192.0.2.0/24",
            "subnet 192.0.2.1-192.0.2.9",
            "mac 00:00:5e:00:53:01",
            "ua curl/8.5",
            "help mx",
            "status",
        ] {
            let caller = Caller {
                own: true,
                ..Caller::default()
            };
            let request = Request::new(Platform::Terminal, Input::Text(line.into())).by(caller);
            let reply = engine.ask(request, |_| {}).await.expect(line);
            let columns = of(engine.registry().find(reply.command).expect(line));
            let data = reply.rendition.finding.data();
            for (name, value) in data.as_object().expect("an object") {
                let at = columns.iter().position(|column| column == name);
                assert!(at.is_some(), "{line}: {name} in {columns:?}");
                let scalars_after = columns[at.unwrap_or_default()..]
                    .iter()
                    .any(|later| data.get(later).is_some_and(Value::is_number));
                assert!(
                    !(value.is_array() && scalars_after),
                    "{line}: {name} in {columns:?}"
                );
            }
        }
    }
}
