//! Objects of paragraphs, and data of contacts.

use super::super::lines::entries;
use super::*;

fn of(text: &str) -> Vec<Object> {
    objects(&entries(text, "test"))
}

#[test]
fn the_first_key_determines_the_object_of_a_paragraph() {
    use Object::{Contact, Domain, Holder, Ignored, Registrar, Servers};
    for (text, expected) in [
        ("domain: example.test\nstatus: ok\n", vec![Domain]),
        (
            "domain: example.test\n\nperson: X\nnic-hdl: A1\n",
            vec![Domain, Contact(false)],
        ),
        (
            "domain: example.test\n\nregistrar: X\nwebsite: x.test\n",
            vec![Domain, Registrar],
        ),
        // A single line belongs to the domain.
        (
            "domain: example.test\n\nregistrar: X\n",
            vec![Domain, Domain],
        ),
        (
            "domain: example.test\n\norganisation: X\n",
            vec![Domain, Holder],
        ),
        (
            "domain: example.test\n\nnsset: N\nnserver: a.test\n",
            vec![Domain, Servers],
        ),
        ("domain: example.test\n\nkeyset: K\n", vec![Domain, Ignored]),
        (
            "organisation: X\n\ndomain: example.test\n",
            vec![Domain, Domain],
        ),
        (
            "domain: example.test\n\n% Registrant:\nname: X\n",
            vec![Domain, Contact(true)],
        ),
        (
            "domain: example.test\n\n% Administrative contact:\nname: X\n",
            vec![Domain, Ignored],
        ),
        ("", vec![]),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

fn contact(text: &str) -> Contact {
    let mut contact = Contact::default();
    for entry in entries(text, "test") {
        contact.take(&entry);
    }
    contact
}

#[test]
fn a_contact_has_its_handles_in_lower_case() {
    let found = contact("nic-hdl: EX1-TEST\ncontact: Example GmbH\ncountry: DE\n");
    assert_eq!(found.handles, ["ex1-test"]);
    assert_eq!(found.name.as_deref(), Some("Example GmbH"));
    assert_eq!(found.organization().as_deref(), Some("Example GmbH"));
    assert_eq!(found.country.as_deref(), Some("DE"));
    let first = contact("contact: CT-1\norg: Example s.r.o.\n");
    assert_eq!(first.handles, ["ct-1"]);
    assert_eq!(first.organization().as_deref(), Some("Example s.r.o."));
}

#[test]
fn the_name_of_a_person_is_no_organization() {
    assert_eq!(contact("person: Erika Mustermann\n").organization(), None);
    assert_eq!(
        contact("name: Exemple\ntype: ORGANIZATION\n")
            .organization()
            .as_deref(),
        Some("Exemple")
    );
    assert_eq!(
        contact("name: Exemple\ntype: PERSON\n").organization(),
        None
    );
    assert_eq!(contact("org: REDACTED FOR PRIVACY\n").organization(), None);
}

#[test]
fn a_code_on_the_last_line_of_an_address_is_the_country() {
    assert_eq!(
        contact("address: Praha\naddress: CZ\n").country.as_deref(),
        Some("CZ")
    );
    assert_eq!(contact("address: Praha\naddress: cz\n").country, None);
    assert_eq!(contact("street: Praha\naddress: XX\n").country, None);
}
