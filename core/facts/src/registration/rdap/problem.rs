//! Error objects of RDAP servers (RFC 9083 §6).

use serde_json::Value;

use super::{
    super::{Kind, Registration, RegistrationState, values},
    number, phrases, texts,
};

/// Longest notice that is returned, in characters.
const MAX_NOTICE: usize = 300;
/// Titles that only repeat the HTTP status, in lower case.
const GENERIC: [&str; 11] = [
    "not found",
    "object not found",
    "resource not found",
    "domain not found",
    "error",
    "error 404",
    "404",
    "404 not found",
    "bad request",
    "too many requests",
    "error response",
];

/// The code of an error object; `None` for an object of the registry.
pub(super) fn error_code(value: &Value) -> Option<u64> {
    let bare = value["objectClassName"].is_null()
        && value["ldhName"].is_null()
        && value["handle"].is_null();
    number(&value["errorCode"]).filter(|_| bare)
}

/// Whether the body of an HTTP response with an error status is an error object: one with an error code, or without it
/// an RDAP answer with a title or a description.
pub(super) fn is_error(value: &Value, status: u16) -> bool {
    let described = || {
        !value["rdapConformance"].is_null()
            && value["objectClassName"].is_null()
            && (value["title"].is_string() || !value["description"].is_null())
    };
    match error_code(value) {
        Some(code) => code == u64::from(status) || (400..600).contains(&code),
        None => described(),
    }
}

/// The state and the notice of an error object.
pub(super) fn registration(kind: Kind, query: &str, code: u64, value: &Value) -> Registration {
    let title = value["title"].as_str().unwrap_or_default();
    let description: Vec<&str> = texts(&value["description"]).collect();
    let text = [&[title][..], &description].concat().join("\n");
    let described = phrases::of_error(&text, query);

    let state = match (code, described) {
        (429, _) | (400..=499, Some(RegistrationState::Throttled)) => RegistrationState::Throttled,
        (404, Some(RegistrationState::Reserved)) => RegistrationState::Reserved,
        (404, _) => RegistrationState::Available,
        _ => RegistrationState::Unavailable,
    };

    Registration {
        state,
        notice: notice(title, &description),
        ..Registration::empty(kind)
    }
}

/// The explanation of the registry in one line: the description, after a title that says more than the status.
fn notice(title: &str, description: &[&str]) -> Option<String> {
    let title = values::line(title);
    let description = values::line(&description.join(" "));
    let lower = title.to_lowercase();
    let repeats = GENERIC.contains(&lower.as_str()) || description.to_lowercase().contains(&lower);

    let text = match (title.as_str(), description.as_str()) {
        ("", text) | (text, "") => text.to_owned(),
        (_, text) if repeats => text.to_owned(),
        (title, text) => format!("{}: {text}", title.trim_end_matches([':', '.'])),
    };

    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NOTICE)
        .collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(code: u64, value: &Value) -> (RegistrationState, Option<String>) {
        let found = registration(Kind::Domain, "widget.test", code, value);
        (found.state, found.notice)
    }

    #[test]
    fn the_description_tells_reserved_from_free() {
        use RegistrationState::{Available, Reserved, Throttled, Unavailable};
        for (code, title, description, state, notice) in [
            (
                404,
                "Not Found",
                "Domain not found",
                Available,
                Some("Domain not found"),
            ),
            (404, "Reserved", "", Reserved, Some("Reserved")),
            (
                404,
                "Object not found",
                "This name is reserved by the registry",
                Reserved,
                Some("This name is reserved by the registry"),
            ),
            (
                404,
                "Blocked",
                "Protected by GlobalBlock",
                Reserved,
                Some("Blocked: Protected by GlobalBlock"),
            ),
            (
                404,
                "Not Found",
                "widget.test cannot be registered",
                Reserved,
                Some("widget.test cannot be registered"),
            ),
            (404, "", "", Available, None),
            (429, "Slow down", "", Throttled, Some("Slow down")),
            (
                403,
                "Forbidden",
                "Rate limit exceeded",
                Throttled,
                Some("Forbidden: Rate limit exceeded"),
            ),
            (
                400,
                "The name is not in this registry",
                "",
                Unavailable,
                Some("The name is not in this registry"),
            ),
        ] {
            let value = json!({"errorCode": code, "title": title, "description": [description]});
            assert_eq!(
                read(code, &value),
                (state, notice.map(str::to_owned)),
                "{title} {description}"
            );
        }
    }

    #[test]
    fn only_error_objects_are_errors() {
        for (value, expected) in [
            (json!({"errorCode": 404}), true),
            (json!({"errorCode": "404"}), true),
            (
                json!({"rdapConformance": ["rdap_level_0"], "title": "Not Found"}),
                true,
            ),
            (
                json!({"status": 404, "error": "Not Found", "path": "/domain/x"}),
                false,
            ),
            (json!({"message": "no route"}), false),
            (
                json!({"objectClassName": "domain", "ldhName": "widget.test"}),
                false,
            ),
            (json!({"errorCode": 0}), false),
            (json!({}), false),
        ] {
            assert_eq!(is_error(&value, 404), expected, "{value}");
        }
    }

    #[test]
    fn notices_are_short_and_on_one_line() {
        let value = json!({"title": "a\nb", "description": ["x".repeat(1000)]});
        let (_, notice) = read(404, &value);
        let notice = notice.expect("a notice");
        assert!(notice.starts_with("a b: x"), "{notice}");
        assert_eq!(notice.chars().count(), MAX_NOTICE);
    }
}
