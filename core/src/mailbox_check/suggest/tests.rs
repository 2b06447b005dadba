use super::*;

#[test]
fn suggests_corrections_for_typos() {
    for (written, meant) in [
        ("gmial.com", "gmail.com"),
        ("gamil.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmial.con", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotmal.com", "hotmail.com"),
        ("yaho.com", "yahoo.com"),
        ("yahooo.com", "yahoo.com"),
        ("outlok.com", "outlook.com"),
        ("iclould.com", "icloud.com"),
        ("aol.con", "aol.com"),
        ("gmx.ed", "gmx.de"),
    ] {
        assert_eq!(suggestion(written), Some(meant), "{written}");
    }
}

#[test]
fn existing_domains_get_no_suggestion() {
    for domain in [
        "gmail.com",
        "mail.com",
        "email.com",
        "ymail.com",
        "bol.com",
        "gmx.net",
        "example.com",
        "hotmail.nl",
        "yahoo.ie",
        "earthling.net",
        "mailinator.com",
        "localhost",
        "xn--bcher-kva.example",
    ] {
        assert_eq!(suggestion(domain), None, "{domain}");
    }
}

#[test]
fn malformed_domains_get_no_suggestion() {
    for domain in [
        "",
        ".",
        ".com",
        "gmial",
        "gmial.",
        "gmail.com.",
        "gmial.example",
    ] {
        assert_eq!(suggestion(domain), None, "{domain:?}");
    }
    assert_eq!(suggestion(&format!("{}.com", "g".repeat(37))), None);
    assert_eq!(suggestion(&"gmial.".repeat(10_000)), None);
}

#[test]
fn tolerance_grows_with_the_length_of_the_name() {
    for (name, known, distance) in [
        ("aol", "aol", 0),
        ("gmxx", "gmx", 0),
        ("gmial", "gmail", 1),
        ("outlok", "outlook", 2),
        ("xutlook", "outlook", 1),
        ("", "outlook", 1),
    ] {
        assert_eq!(allowed(name, known), distance, "{name}");
    }
}

#[test]
fn misspelled_endings_belong_to_one_ending() {
    assert!(is_mistyped("con", "com") && is_mistyped("ed", "de"));
    assert!(!is_mistyped("com", "com") && !is_mistyped("con", "net"));
    assert!(!is_mistyped("con", "org"), "of an ending that nobody lists");
}
