//! Roles and fields of keys.

use super::*;

#[test]
fn a_key_determines_the_role() {
    for (key, tld, expected) in [
        ("registrar", "com", (Some(Role::Registrar), "")),
        ("registrar url", "com", (Some(Role::Registrar), "url")),
        (
            "registrar abuse contact email",
            "com",
            (Some(Role::Abuse), "email"),
        ),
        ("registrar abuse email", "com", (Some(Role::Abuse), "email")),
        (
            "registrar technical contacts",
            "be",
            (Some(Role::Other), ""),
        ),
        (
            "registrant organization",
            "com",
            (Some(Role::Registrant), "organization"),
        ),
        (
            "registrantorganization",
            "com",
            (Some(Role::Registrant), "organization"),
        ),
        ("registrantx", "com", (None, "registrantx")),
        ("admin email", "com", (Some(Role::Other), "email")),
        ("titular / registrant", "mo", (Some(Role::Registrant), "")),
        (
            "registration service provider",
            "tw",
            (Some(Role::Registrar), ""),
        ),
        (
            "registration service url",
            "tw",
            (Some(Role::Registrar), "url"),
        ),
        (
            "registration service provider",
            "com",
            (Some(Role::Other), ""),
        ),
        ("account name", "ie", (Some(Role::Registrar), "")),
        ("account name", "com", (None, "account name")),
        // Data of the domain has no other role.
        ("registration date", "com", (None, "registration date")),
        ("domain name", "com", (None, "domain name")),
        ("", "", (None, "")),
    ] {
        assert_eq!(role(key, tld), expected, "{key} {tld}");
    }
}

#[test]
fn a_key_determines_the_field() {
    for (key, expected) in [
        ("domain name", Some(Field::Name)),
        ("creation date", Some(Field::Created)),
        ("fecha de registro", Some(Field::Created)),
        ("last updated", Some(Field::Updated)),
        ("registry expiry date", Some(Field::Expires)),
        ("有効期限", Some(Field::Expires)),
        ("status", Some(Field::Status)),
        ("ns 1", Some(Field::Nameserver)),
        ("name server 12", Some(Field::Nameserver)),
        ("nameserver #3", Some(Field::Nameserver)),
        ("dnssec", Some(Field::Signed)),
        ("ds record", Some(Field::Key)),
        ("estado / status", Some(Field::Status)),
        ("statut / x", Some(Field::Status)),
        ("x / y", None),
        ("registrar", None),
        ("12", None),
        ("", None),
    ] {
        assert_eq!(field(key), expected, "{key}");
    }
}

#[test]
fn no_key_belongs_to_two_fields() {
    let mut all: Vec<&str> = KEYS
        .iter()
        .flat_map(|(_, keys)| keys.iter().copied())
        .collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn some_keys_are_about_the_domain_in_any_section() {
    for key in [
        "expires",
        "name server",
        "nserver",
        "domain status",
        "domain created",
    ] {
        assert!(is_of_domain(key), "{key}");
    }
    for key in ["ns", "dns", "created", "status", "name", ""] {
        assert!(!is_of_domain(key), "{key}");
    }
}

#[test]
fn only_known_words_are_headings() {
    for key in [
        "registrant",
        "name servers",
        "domain information",
        "holder of domain name",
        "dnssec",
    ] {
        assert!(is_heading(key), "{key}");
    }
    for key in ["example", "registrar of the best domains anywhere", ""] {
        assert!(!is_heading(key), "{key}");
    }
}

#[test]
fn splits_sentences_with_dates() {
    for (text, expected) in [
        (
            "Record created on 2001-02-03.",
            Some(("domain created", "2001-02-03")),
        ),
        (
            "record EXPIRES on 3 May 2031",
            Some(("domain expires", "3 May 2031")),
        ),
        (
            "Registered on 30th April 2003",
            Some(("domain created", "30th April 2003")),
        ),
        ("expires on Monday", None),
        ("record created on ", None),
        ("Record created", None),
        ("récord", None),
        ("", None),
    ] {
        assert_eq!(phrase(text), expected, "{text}");
    }
}
