use super::*;

fn read(text: &str) -> Result<LookupRequest, String> {
    LookupRequest::read(text.as_bytes(), "the body").map_err(|failure| failure.to_string())
}

fn input(text: &str) -> Result<Input, String> {
    read(text)?.input().map_err(|failure| failure.to_string())
}

#[test]
fn reads_both_forms() {
    assert_eq!(
        input(r#" {"command": "/mx example.com"}"#),
        Ok(Input::Text("/mx example.com".into()))
    );
    let named = |arguments: Map<String, Value>| Input::Named {
        name: "mx".into(),
        arguments,
    };
    assert_eq!(input(r#"{"name": "mx"}"#), Ok(named(Map::new())));
    let given = Map::from_iter([("domain".into(), "bücher.example".into())]);
    assert_eq!(
        input(r#"{"name":"mx","arguments":{"domain":"b\u00fccher.example"}}"#),
        Ok(named(given))
    );
}

#[test]
fn rejects_neither_form_and_both_forms() {
    for text in [
        "{}",
        r#"{"arguments": {}}"#,
        r#"{"command": "/mx a.example", "name": "mx"}"#,
        r#"{"command": "/mx a.example", "arguments": {}}"#,
    ] {
        let wrong = input(text).expect_err(text);
        assert!(wrong.contains(r#"either "command""#), "{text}: {wrong}");
    }
}

#[test]
fn errors_name_the_invalid_input() {
    for (text, why) in [
        ("", "the body is empty"),
        ("[\"/mx a.example\"]", "the body is not a JSON object"),
        ("null", "the body is not a JSON object"),
        (r#"{"command": "/mx"#, "the body is not a valid request"),
        (r#"{"command": null}"#, "the body is not a valid request"),
        (r#"{"line": "/mx"}"#, "unknown field `line`"),
        (
            r#"{"command": "/a", "command": "/b"}"#,
            "duplicate field `command`",
        ),
    ] {
        let wrong = read(text).err().expect(text);
        assert!(wrong.contains(why), "{text}: {wrong}");
    }
    let cut_off = LookupRequest::read(b"{\"command\": \"b\xc3", "the body");
    let wrong = cut_off.err().expect("a fault").to_string();
    assert!(wrong.contains("not UTF-8 (at byte 14)"), "{wrong}");
}

#[test]
fn null_is_a_valid_ref_and_a_missing_ref_is_none() {
    let reference = |text: &str| {
        let question = read(text).expect("a question");
        question
            .reference
            .map(|reference| reference.get().to_owned())
    };
    assert_eq!(reference(r#"{"command": "/a"}"#), None);
    assert_eq!(
        reference(r#"{"command": "/a", "ref": null}"#),
        Some("null".into())
    );
    assert_eq!(
        reference(r#"{"command": "/a", "ref": {"b": [1.0]}}"#),
        Some(r#"{"b": [1.0]}"#.into()),
        "the ref is returned unchanged"
    );
}
