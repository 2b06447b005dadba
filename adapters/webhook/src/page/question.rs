//! The input of a page: a typed line, or the fields of a tool's form.

use netvane_core::{Input, command::Entry, spec::ArgumentKind};
use serde_json::{Map, Value};

/// Returns the line from `?q=…`; `None` if it is missing or blank.
pub(super) fn line(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    let (_, line) = pairs.find(|(name, _)| name == "q")?;
    (!line.trim().is_empty()).then(|| line.into_owned())
}

/// Reads the fields of a tool's form; empty ones count as not given. `None` if the form was not
/// sent.
pub(crate) fn fields(entry: &Entry, form: &[u8]) -> Option<Input> {
    let mut sent = false;
    let mut arguments = Map::new();

    for (name, value) in form_urlencoded::parse(form) {
        sent |= name == "go"
            || entry
                .arguments
                .iter()
                .any(|argument| argument.name == *name);

        let Some(argument) = entry
            .arguments
            .iter()
            .find(|argument| argument.name == *name)
        else {
            continue;
        };

        let value = match argument.kind {
            // Restore the file's line breaks; forms send CRLF.
            _ if argument.message => value.replace("\r\n", "\n"),
            _ => value.trim().to_owned(),
        };

        let value = match argument.kind {
            ArgumentKind::Boolean if value == "on" => Value::Bool(true),
            _ if value.is_empty() => continue,
            _ => Value::String(value),
        };

        arguments.insert(name.into_owned(), value);
    }

    sent.then(|| Input::Named {
        name: entry.spec.name.to_owned(),
        arguments,
    })
}

/// Returns the input without values that are too long to be shown again, such as whole messages.
pub(super) fn abridged(input: &Input) -> Input {
    const LONGEST: usize = 64 << 10;
    let is_short = |value: &Value| value.as_str().is_none_or(|text| text.len() <= LONGEST);
    match input {
        Input::Text(line) => Input::Text(line.clone()),
        Input::Named { name, arguments } => Input::Named {
            name: name.clone(),
            arguments: arguments
                .iter()
                .filter(|(_, value)| is_short(value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        },
    }
}

/// Returns the URL that runs the same lookup; `None` if it would be too long.
pub(super) fn address(input: &Input) -> Option<String> {
    const LONGEST: usize = 2000;
    let address = match input {
        Input::Text(line) => super::document::address(line),
        Input::Named { name, arguments } => {
            let path = format!("/tools/{name}?");
            let start = path.len();
            let mut address = form_urlencoded::Serializer::for_suffix(path, start);
            for (name, value) in arguments {
                address.append_pair(name, &plain(value));
            }
            // Without any field, the page would only show the form.
            if arguments.is_empty() {
                address.append_pair("go", "1");
            }
            address.finish()
        }
    };
    (address.len() <= LONGEST).then_some(address)
}

/// Returns a value as form fields contain it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "on".into(),
        other => other.to_string(),
    }
}

/// Returns the body of `POST /v1/commands` for the same lookup.
pub(super) fn json(input: &Input) -> Value {
    match input {
        Input::Text(line) => serde_json::json!({ "command": line }),
        Input::Named { name, arguments } => {
            serde_json::json!({ "name": name, "arguments": arguments })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_run_the_same_lookup() {
        let line = address(&Input::Text("mx b\u{fc}cher.example".into())).expect("an address");
        assert_eq!(line, "/?q=mx+b%C3%BCcher.example");
        assert_eq!(
            super::line(line.strip_prefix("/?")).as_deref(),
            Some("mx b\u{fc}cher.example")
        );
        let named = |arguments: Value| {
            let arguments = arguments.as_object().cloned().expect("an object");
            address(&Input::Named {
                name: "dig".into(),
                arguments,
            })
        };
        let dig = named(serde_json::json!({ "name": "a.example", "tcp": true }));
        assert_eq!(dig.as_deref(), Some("/tools/dig?name=a.example&tcp=on"));
        assert_eq!(
            named(serde_json::json!({})).as_deref(),
            Some("/tools/dig?go=1")
        );
        assert_eq!(named(serde_json::json!({ "name": "x".repeat(3000) })), None);
    }
}
