//! Valid contacts (RFC 7095) and malformed ones.

use serde_json::json;

use super::*;

fn entity(properties: Value) -> Value {
    json!({"vcardArray": ["vcard", properties]})
}

#[test]
fn reads_the_example_of_rfc_9083() {
    let entity = entity(json!([
        ["version", {}, "text", "4.0"],
        ["fn", {}, "text", "Joe User"],
        ["n", {}, "text", ["User", "Joe", "", "", ["ing. jr", "M.Sc."]]],
        ["kind", {}, "text", "individual"],
        ["lang", {"pref": "1"}, "language-tag", "fr"],
        ["org", {"type": "work"}, "text", "Example"],
        ["title", {}, "text", "Research Scientist"],
        ["adr", {"type": "work"}, "text",
            ["", "Suite 1234", "4321 Rue Somewhere", "Quebec", "QC", "G1V 2M2", "Canada"]],
        ["tel", {"type": ["work", "voice"], "pref": "1"}, "uri", "tel:+1-555-555-1234;ext=102"],
        ["tel", {"type": ["work", "cell"]}, "uri", "tel:+1-555-555-4321"],
        ["email", {"type": "work"}, "text", "joe.user@example.com"],
        ["url", {"type": "home"}, "uri", "https://example.org"]
    ]));

    let card = Card::of(&entity);
    assert_eq!(card.name().as_deref(), Some("Joe User"));
    assert_eq!(card.organization().as_deref(), Some("Example"));
    assert_eq!(card.country().as_deref(), Some("CA"));
    assert_eq!(card.phone().as_deref(), Some("+1-555-555-1234;ext=102"));
    assert_eq!(card.email().as_deref(), Some("joe.user@example.com"));
    assert_eq!(card.url().as_deref(), Some("https://example.org"));
    assert!(card.is("individual") && card.is("INDIVIDUAL") && !card.is("org"));
}

#[test]
fn a_formatted_name_may_be_an_organization() {
    let named = |kind: &str, name: &str| {
        let entity = entity(json!([
            ["fn", {}, "text", name],
            ["kind", {}, "text", kind]
        ]));
        Card::of(&entity).organization()
    };
    assert_eq!(named("org", "Sample").as_deref(), Some("Sample"));
    assert_eq!(
        named("individual", "Sample GmbH").as_deref(),
        Some("Sample GmbH")
    );
    assert_eq!(named("individual", "Erika Mustermann"), None);
    assert_eq!(named("org", "REDACTED FOR PRIVACY"), None);
}

#[test]
fn finds_the_country_in_three_places() {
    let country = |parameters: Value, value: Value| {
        let entity = entity(json!([["adr", parameters, "text", value]]));
        Card::of(&entity).country()
    };
    let empty = json!(["", "", "", "", "", "", ""]);

    assert_eq!(
        country(json!({"cc": "de"}), empty.clone()).as_deref(),
        Some("DE")
    );
    assert_eq!(
        country(json!({}), json!(["", "", "", "", "", "", "FR"])).as_deref(),
        Some("FR")
    );
    assert_eq!(
        country(
            json!({"label": "Street 1\nTown\nUnited States\n"}),
            empty.clone()
        )
        .as_deref(),
        Some("US")
    );

    // The two letters of a US state are no country.
    assert_eq!(country(json!({"label": "Town\nCA"}), empty.clone()), None);
    assert_eq!(country(json!({"label": ""}), empty.clone()), None);
    assert_eq!(country(json!({"cc": 1}), empty), None);
}

#[test]
fn ignores_fax_numbers() {
    let entity = entity(json!([
        ["tel", {"type": "fax"}, "uri", "tel:+1.5555550199"],
        ["tel", {"type": ["work", "FAX"]}, "uri", "tel:+1.5555550198"],
        ["tel", {}, "text", "+1.5555550100"]
    ]));
    assert_eq!(Card::of(&entity).phone().as_deref(), Some("+1.5555550100"));
}

#[test]
fn malformed_cards_have_no_contact() {
    for entity in [
        json!({}),
        json!({"vcardArray": null}),
        json!({"vcardArray": []}),
        json!({"vcardArray": ["vcard"]}),
        json!({"vcardArray": ["vcard", {}]}),
        json!({"vcardArray": ["vcard", [null, 1, [], ["fn"], ["fn", {}, "text"], ["fn", {}, "text", 3]]]}),
        json!(null),
        json!("x"),
    ] {
        let card = Card::of(&entity);
        assert_eq!(
            (card.name(), card.organization(), card.country()),
            (None, None, None),
            "{entity}"
        );
        assert_eq!(
            (card.email(), card.phone(), card.url()),
            (None, None, None),
            "{entity}"
        );
    }
}

#[test]
fn reads_at_most_100_properties() {
    let mut properties = vec![json!(["note", {}, "text", "x"]); MAX];
    properties.push(json!(["fn", {}, "text", "Late"]));
    assert_eq!(Card::of(&entity(json!(properties))).name(), None);
}
