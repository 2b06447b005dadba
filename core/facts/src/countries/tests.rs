use super::*;

#[test]
fn returns_the_english_name_of_a_code() {
    for (code, expected) in [
        ("DE", ("DE", "Germany")),
        ("us", ("US", "United States")),
        ("Tr", ("TR", "Türkiye")),
        ("CI", ("CI", "Côte d’Ivoire")),
        ("xk", ("XK", "Kosovo")),
        ("AD", ("AD", "Andorra")),
        ("ZW", ("ZW", "Zimbabwe")),
    ] {
        assert_eq!(country(code), Some(expected), "{code}");
    }

    for code in [
        "", "A", "ZZ", "EU", "UK", "USA", "1A", "A1", "é", "éé", "D ", " DE", "DE\n", "[[", "``",
    ] {
        assert_eq!(country(code), None, "{code:?}");
    }
}

#[test]
fn every_line_of_the_table_is_read_once() {
    assert_eq!(rows().count(), TABLE.lines().count());
    assert_eq!(NAMES.iter().flatten().count(), 250);
    let mut before = "";
    for (code, name) in rows() {
        assert!(before < code, "{before} {code}: sorted, each once");
        assert_eq!(country(code), Some((code, name)));
        assert!(!name.is_empty() && name.trim() == name, "{name:?}");
        before = code;
    }
}

#[test]
fn every_name_of_the_table_resolves_to_its_code() {
    for (expected, name) in rows() {
        assert_eq!(code(name).as_deref(), Some(expected), "{name}");
        assert_eq!(
            code(&name.to_uppercase()).as_deref(),
            Some(expected),
            "{name}"
        );
        assert_eq!(code(expected).as_deref(), Some(expected), "{expected}");
        let both = format!("{expected} ({name})");
        assert_eq!(code(&both).as_deref(), Some(expected), "{both}");
    }
}

#[test]
fn aliases_are_normalized_and_not_in_the_table() {
    let table: Vec<String> = rows().map(|(_, name)| normalize(name)).collect();
    for (at, (name, expected)) in ALIASES.iter().enumerate() {
        assert_eq!(normalize(name), *name, "{name}");
        assert!(country(expected).is_some(), "{name}: {expected}");
        assert!(!table.iter().any(|other| other == name), "{name} twice");
        let again = ALIASES.iter().skip(at + 1).any(|(other, _)| other == name);
        assert!(!again, "{name} twice");
        assert_eq!(code(name).as_deref(), Some(*expected), "{name}");
    }
}

#[test]
fn reads_codes_and_names_as_registries_write_them() {
    for (text, expected) in [
        ("US", "US"),
        ("de", "DE"),
        (" Fr ", "FR"),
        ("UK", "GB"),
        ("uk", "GB"),
        ("eu", "EU"),
        ("United States of America", "US"),
        ("UNITED STATES OF AMERICA (THE)", "US"),
        ("U.S.A.", "US"),
        ("IT (Italy)", "IT"),
        ("Italy (IT)", "IT"),
        ("US - United States", "US"),
        ("Iran, Islamic Republic of", "IR"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Korea (Republic of)", "KR"),
        ("Russian Federation", "RU"),
        ("Türkiye", "TR"),
        ("TURKIYE", "TR"),
        ("Cote d'Ivoire", "CI"),
        ("Österreich", "AT"),
        ("Bosnia and Herzegovina", "BA"),
        ("Bosnia & Herzegovina", "BA"),
        ("Trinidad   and\tTobago", ""),
        ("Trinidad  and Tobago", "TT"),
        ("The Netherlands", "NL"),
        ("Netherlands (Kingdom of the)", "NL"),
        ("Viet Nam", "VN"),
        ("Hong Kong (HK)", "HK"),
        ("Chad", "TD"),
    ] {
        let expected = Some(expected).filter(|code| !code.is_empty());
        assert_eq!(code(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_hyphen_inside_a_name_does_not_split_it() {
    // Guinea and Congo are other countries.
    assert_eq!(code("Guinea-Bissau").as_deref(), Some("GW"));
    assert_eq!(code("Guinea").as_deref(), Some("GN"));
    assert_eq!(code("Timor-Leste").as_deref(), Some("TL"));
    assert_eq!(code("Congo (Kinshasa)").as_deref(), Some("CD"));
    assert_eq!(code("Congo (Brazzaville)").as_deref(), Some("CG"));
}

#[test]
fn rejects_texts_that_are_no_country() {
    let long = format!("Germany{}", " ".repeat(54) + "x");

    for text in [
        "",
        " ",
        "ZZ",
        "XX",
        "A1",
        "--",
        "-",
        "(",
        "()",
        "((((((((",
        "REDACTED FOR PRIVACY",
        "California",
        "CA (California",
        "Korea",
        "é",
        "\u{202e}",
        "123",
        long.as_str(),
    ] {
        let expected = (text == "CA (California").then(|| "CA".to_owned());
        assert_eq!(code(text), expected, "{text:?}");
    }

    assert_eq!(code(&"(".repeat(100_000)), None);
}
