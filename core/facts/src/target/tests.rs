//! Errors and their positions, and values whose canonical spelling is another value.

use super::*;

#[test]
fn errors_point_at_characters() {
    for (value, bytes, expected) in [
        ("abc", 0..1, 0..1),
        ("äbc", 2..3, 1..2),
        ("äöü", 0..6, 0..3),
        ("abc", 3..3, 3..3),
        // Inside a character, or past the end of the text.
        ("ä", 1..2, 0..1),
        ("a", 5..9, 0..0),
    ] {
        let invalid = Invalid::new("x").part(value, bytes.clone());
        assert_eq!(invalid.part, Some(expected), "{value} {bytes:?}");
    }
}

#[test]
fn errors_round_trip_through_serde() {
    let invalid = Invalid::new("no").value("v").command("/c").part("äb", 2..3);
    let error: serde_json::Error = invalid.clone().into_serde();
    assert_eq!(Invalid::from_serde(&error.to_string()), invalid);
    assert_eq!(
        Invalid::from_serde("missing field `x`"),
        Invalid::new("missing field `x`")
    );
    assert_eq!(Invalid::from_serde(""), Invalid::new(""));
}

#[test]
fn parses_again_until_the_value_is_stable() {
    // Each call removes one `x`.
    fn shorter(text: &str) -> Result<String, Invalid> {
        match text {
            "" => Err(Invalid::new("empty").part("x", 0..1)),
            "a" => Ok("a".to_owned()),
            _ => Ok(text[1..].to_owned()),
        }
    }
    assert_eq!(settled("a", shorter), Ok("a".to_owned()));
    assert_eq!(settled("xa", shorter), Ok("a".to_owned()));
    assert_eq!(settled("xxxa", shorter), Ok("a".to_owned()));
    // A position in the canonical spelling is not a position in the text as written.
    assert_eq!(settled("xx", shorter), Err(Invalid::new("empty")));
    assert_eq!(
        settled("", shorter).map_err(|error| error.part),
        Err(Some(0..1))
    );
    assert_eq!(
        settled("xxxxxxxxa", shorter),
        Err(Invalid::new(
            "ambiguous value: it has more than one meaning"
        ))
    );
}

#[test]
fn a_normalized_value_may_be_of_another_kind() {
    assert!("①.①.①.①".parse::<Domain>().is_err());
    assert_eq!(
        "example.com."
            .parse::<Domain>()
            .map(|name| name.to_string())
            .as_deref(),
        Ok("example.com")
    );
}

#[test]
fn value_types_have_a_json_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(Domain)).expect("JSON");
    assert_eq!(schema["type"], "string");
    assert_eq!(schema["format"], "netvane:Domain");
    assert_eq!(
        (schema["minLength"].as_u64(), schema["maxLength"].as_u64()),
        (Some(1), Some(2048))
    );
    assert_eq!(schema["x-completes"], "target");
}

#[test]
fn full_width_addresses_are_addresses() {
    for text in ["８.８.８.８", "8.8.8.8。", "８。８．8｡8"] {
        let address: Address = text.parse().expect(text);
        assert_eq!(address.to_string(), "8.8.8.8", "{text}");
        let host: Host = text.parse().expect(text);
        assert_eq!(host.to_string(), "8.8.8.8", "{text}");
    }
}
