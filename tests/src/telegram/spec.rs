//! The platform's own description of its methods and types, if available.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use serde_json::{Map, Value};

/// The description of the Bot API.
pub(super) struct Spec(Value);

impl Spec {
    /// Loads it from `NETVANE_SPECS`, otherwise from next to the repository. Without it, only the
    /// fake's own rules apply.
    pub(super) fn load() -> Option<Arc<Self>> {
        static SPEC: LazyLock<Option<Arc<Spec>>> = LazyLock::new(|| {
            let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/specs");
            let directory =
                std::env::var_os("NETVANE_SPECS").map_or_else(|| beside.into(), PathBuf::from);
            let text = std::fs::read_to_string(directory.join("telegram-bot-api.json")).ok()?;
            Some(Arc::new(Spec(
                serde_json::from_str(&text).expect("the description of the Bot API is JSON"),
            )))
        });
        SPEC.clone()
    }

    /// Returns the names of a method's parameters, and whether they are required.
    #[cfg(test)]
    pub(super) fn parameters(&self, method: &str) -> Option<Vec<(&str, bool)>> {
        let fields = &self.0["methods"].get(method)?["fields"];
        let field = |field: &'_ Value| field["required"] == true;
        Some(
            array(fields)
                .iter()
                .map(|one| (one["name"].as_str().unwrap_or_default(), field(one)))
                .collect(),
        )
    }

    /// Returns what is wrong with a call.
    pub(super) fn check(&self, method: &str, values: &Map<String, Value>) -> Vec<String> {
        match self.0["methods"].get(method) {
            Some(described) => self.object(method, array(&described["fields"]), values),
            None => vec![format!("{method} is no method of the Bot API")],
        }
    }

    fn object(&self, path: &str, fields: &[Value], values: &Map<String, Value>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, value) in values {
            let Some(field) = fields.iter().find(|field| field["name"] == **name) else {
                wrong.push(format!("{path}.{name} does not exist"));
                continue;
            };
            // The platform treats null inside an object as absent.
            if value.is_null() && path.contains('.') && field["required"] != true {
                continue;
            }
            wrong.extend(self.value(&format!("{path}.{name}"), array(&field["types"]), value));
            if constant(field).is_some_and(|wanted| value != wanted) {
                wrong.push(format!("{path}.{name} is {value}"));
            }
        }
        let required = fields.iter().filter(|field| field["required"] == true);
        for name in required.filter_map(|field| field["name"].as_str()) {
            if !values.contains_key(name) {
                wrong.push(format!("{path}.{name} is required"));
            }
        }
        wrong
    }

    /// Returns what is wrong with a value that may have one of these types; empty if one of them
    /// fits.
    fn value(&self, path: &str, types: &[Value], value: &Value) -> Vec<String> {
        let tried = types
            .iter()
            .filter_map(Value::as_str)
            .map(|name| self.one(path, name, value));
        tried.min_by_key(Vec::len).unwrap_or_default()
    }

    fn one(&self, path: &str, name: &str, value: &Value) -> Vec<String> {
        let fits = match name {
            "Integer" => value.is_i64() || value.is_u64(),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            "String" | "InputFile" => value.is_string(),
            _ => return self.composed(path, name, value),
        };
        if fits {
            vec![]
        } else {
            vec![format!("{path} is no {name}: {value}")]
        }
    }

    fn composed(&self, path: &str, name: &str, value: &Value) -> Vec<String> {
        if let Some(item) = name.strip_prefix("Array of ") {
            let Some(values) = value.as_array() else {
                return vec![format!("{path} is no list: {value}")];
            };
            let check = |(index, value)| self.one(&format!("{path}[{index}]"), item, value);
            return values.iter().enumerate().flat_map(check).collect();
        }
        let described = &self.0["types"][name];
        if let Some(kinds) = described["subtypes"].as_array() {
            return self.value(path, kinds, value);
        }
        match value.as_object() {
            Some(values) => self.object(path, array(&described["fields"]), values),
            None => vec![format!("{path} is no {name}: {value}")],
        }
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the fixed value of a field that tells objects of different kinds apart, such as `type`.
fn constant(field: &Value) -> Option<&str> {
    let (_, word) = field["description"].as_str()?.rsplit_once(", must be ")?;
    word.chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        .then_some(word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_deeply_nested_mistakes() {
        let Some(spec) = Spec::load() else { return };
        let check = |markup: Value| {
            let values = json!({ "chat_id": 1, "text": "a", "reply_markup": markup });
            spec.check("sendMessage", values.as_object().expect("an object"))
        };
        let keyboard = |button: Value| json!({ "inline_keyboard": [[button]] });

        assert_eq!(
            check(keyboard(json!({ "text": "a", "url": "https://a.test/" }))),
            [""; 0]
        );

        let place = "sendMessage.reply_markup.inline_keyboard[0][0]";

        assert_eq!(
            check(keyboard(json!({ "text": "a", "uri": "b" }))),
            [format!("{place}.uri does not exist")]
        );
        assert_eq!(
            check(keyboard(json!({ "url": "b" }))),
            [format!("{place}.text is required")]
        );
        assert_eq!(
            check(keyboard(json!({ "text": 1 }))),
            [format!("{place}.text is no String: 1")]
        );

        let scope = json!({ "commands": [], "scope": { "type": "everybody" } });

        assert_eq!(
            spec.check("setMyCommands", scope.as_object().expect("an object"))
                .len(),
            1
        );
    }
}
