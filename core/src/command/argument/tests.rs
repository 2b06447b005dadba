use super::*;

fn read(schema: serde_json::Value) -> Vec<Argument> {
    arguments(&schema.try_into().expect("a schema"))
}

#[test]
fn reads_an_argument_from_its_property() {
    let found = read(serde_json::json!({
        "properties": {
            "count": {"type": ["integer", "null"], "description": "How\nmany.", "minimum": 1, "maximum": 20},
            "target": {"type": "string", "x-form": "a host", "x-completes": "target"},
            "message": {"type": "string", "x-rest": true, "x-message": true},
            "mode": {"type": "string", "enum": ["a", "b", null]},
            "tcp": {"type": "boolean"},
        },
        "required": ["target"],
    }));

    let named = |name: &str| found.iter().find(|it| it.name == name).expect(name);

    let count = named("count");
    assert_eq!(count.help, "How many.");
    assert_eq!(count.kind, ArgumentKind::Integer);
    assert_eq!((count.minimum, count.maximum), (Some(1), Some(20)));
    assert!(!count.required);

    let target = named("target");
    assert!(target.required);
    assert_eq!(target.form.as_deref(), Some("a host"));
    assert_eq!(target.completes, Some(Completes::Target));

    let message = named("message");
    assert!(message.rest && message.message);
    assert_eq!(named("mode").choices, ["a", "b"]);
    assert_eq!(named("tcp").kind, ArgumentKind::Boolean);
}

#[test]
fn properties_missing_in_the_schema_are_absent() {
    let found = read(serde_json::json!({"properties": {"x": {}}}));
    let [argument] = &found[..] else {
        panic!("one argument")
    };
    assert_eq!(argument.kind, ArgumentKind::String);
    assert_eq!(argument.help, "");
    assert!(!argument.required && !argument.rest && !argument.message);
    assert_eq!((&argument.form, argument.completes), (&None, None));
    assert!(argument.choices.is_empty());
}

#[test]
fn schemas_without_properties_have_no_arguments() {
    for schema in [
        serde_json::json!({}),
        serde_json::json!({"properties": 7}),
        serde_json::json!({"properties": {}}),
        serde_json::json!(true),
    ] {
        assert!(read(schema).is_empty());
    }
}

#[test]
fn malformed_schema_values_are_ignored() {
    let found = read(serde_json::json!({
        "properties": {"x": {"type": 7, "x-rest": "yes", "x-completes": "nothing", "minimum": "1", "enum": 3}},
        "required": "x",
    }));
    assert_eq!(found[0].kind, ArgumentKind::String);
    assert!(!found[0].rest && !found[0].required);
    assert_eq!((found[0].completes, found[0].minimum), (None, None));
}
