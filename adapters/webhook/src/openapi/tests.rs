use super::*;
use netvane_core::{Engine, Failure, UsageError, UsageKind, settings::Settings};
use serde_json::Value;

fn all(value: &Value, found: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            found(name, value);
            all(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| all(item, found)),
        _ => {}
    }
}

#[test]
fn all_references_resolve_and_all_commands_are_described() {
    let engine = Engine::new(&Settings::default()).expect("an engine");
    let document = document(engine.registry(), "https://netvane.example/");
    let document = serde_json::to_value(document).expect("serializes");
    assert_eq!(document["servers"][0]["url"], "https://netvane.example");
    all(&document, &mut |name, value| {
        if let ("$ref", Some(target)) = (name, value.as_str()) {
            assert!(document.pointer(&target[1..]).is_some(), "{target}");
        }
    });

    for entry in engine.registry().entries() {
        let operation = &document["paths"][format!("/v1/commands/{}", entry.spec.name)]["get"];
        for argument in &entry.arguments {
            let parameters = operation["parameters"].as_array().expect("parameters");
            assert!(
                parameters
                    .iter()
                    .any(|parameter| parameter["name"] == argument.name),
                "{} {}",
                entry.spec.name,
                argument.name
            );
        }
    }
}

#[test]
fn the_example_of_a_message_is_its_text() {
    let engine = Engine::new(&Settings::default()).expect("an engine");
    let document = document(engine.registry(), "");
    let document = serde_json::to_value(document).expect("serializes");

    let parameters = &document["paths"]["/v1/commands/trace_mail"]["get"]["parameters"];
    let mut parameters = parameters.as_array().into_iter().flatten();
    let message = parameters
        .find(|parameter| parameter["name"] == "message")
        .and_then(|parameter| parameter["example"].as_str())
        .expect("an example");
    assert!(message.starts_with("Received: from "), "{message}");
}

/// Tested here because an internal error cannot be provoked from outside.
#[test]
fn describes_every_failure() {
    let engine = Engine::new(&Settings::default()).expect("an engine");
    let document = document(engine.registry(), "");
    let schemas = &document.components.schemas;
    let codes: Vec<&Value> = schemas["ProblemCode"]["oneOf"]
        .as_array()
        .expect("codes")
        .iter()
        .map(|code| &code["const"])
        .collect();
    for failure in failures() {
        let problem = serde_json::to_value(failure.problem()).expect("serializes");
        for member in problem.as_object().expect("an object").keys() {
            let api_description = schemas["Problem"]["properties"].get(member);
            assert!(api_description.is_some(), "{member} of {problem}");
        }
        assert!(codes.contains(&&problem["code"]), "{problem}");
        let status = format!("Problem{}", problem["status"]);
        let response = document.components.responses.get(&status);
        assert!(response.is_some(), "{problem}");
    }
}

/// Returns one failure of each kind.
fn failures() -> Vec<Failure> {
    let (what, why) = (|| "it".to_owned(), || "this".to_owned());
    let unknown = UsageError {
        kind: UsageKind::UnknownCommand,
        ..UsageError::argument("no").at(0..2).suggest("/mx")
    };
    let second = std::time::Duration::from_secs(1);

    vec![
        unknown.into(),
        UsageError::argument("no").into(),
        Failure::Refused {
            what: what(),
            why: why(),
        },
        Failure::Unauthorized(why()),
        Failure::Forbidden(why()),
        Failure::RateLimited {
            message: why(),
            retry_after: second,
        },
        Failure::Timeout {
            what: what(),
            after: second,
        },
        Failure::Upstream {
            what: what(),
            why: why(),
        },
        Failure::Unavailable(why()),
        Failure::TooLarge {
            what: what(),
            limit: 1,
        },
        Failure::Internal,
    ]
}
