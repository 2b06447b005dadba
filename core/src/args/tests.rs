use std::fmt;

use netvane_facts::target::{Address, DnsName, Domain, Endpoint, Host, Invalid, Resolver};

use super::*;

/// Returns the canonical spelling of the parsed text; panics if that does not parse to the same
/// value.
fn canonical<T>(text: &str) -> Result<String, Invalid>
where
    T: std::str::FromStr<Err = Invalid> + fmt::Display + fmt::Debug + PartialEq,
{
    let value: T = text.parse()?;
    let spelling = value.to_string();
    assert_eq!(
        spelling.parse(),
        Ok(value),
        "{text:?} is read as {spelling:?}"
    );
    Ok(spelling)
}

#[test]
fn reads_full_width_text_after_idna_mapping() {
    assert_eq!(
        canonical::<Registered>("AS64496.").as_deref(),
        Ok("AS64496")
    );
    assert_eq!(
        canonical::<Registered>("ＡＳ64496").as_deref(),
        Ok("AS64496")
    );
    assert_eq!(
        canonical::<Registered>("192。0。2。1").as_deref(),
        Ok("192.0.2.1")
    );
    assert_eq!(
        canonical::<Resolver>("192．0．2．1:53").as_deref(),
        Ok("192.0.2.1:53")
    );
    assert_eq!(canonical::<Word>("/ mx").as_deref(), Ok("mx"));
}

#[test]
fn rejects_text_that_idna_mapping_turns_into_another_type() {
    let refused = |invalid: Result<String, Invalid>| {
        let invalid = invalid.expect_err("an error about the type");
        (invalid.message, invalid.part)
    };
    let address = || {
        let message = "expected a domain name, got the address 1.1.1.1";
        (message.to_owned(), None)
    };
    assert_eq!(refused(canonical::<Domain>("①.①.①.①")), address());
    assert_eq!(refused(canonical::<Host>("①.①.①.①")), address());
    assert_eq!(refused(canonical::<Registered>("①.①.①.①")), address());
    assert_eq!(
        refused(canonical::<DnsName>("①.①.①.①")).0,
        "expected a DNS name, got the address 1.1.1.1"
    );
    assert_eq!(
        refused(canonical::<Registered>("６４４９６")).0,
        "expected four decimal numbers, as in 192.0.2.1"
    );
    assert!(canonical::<Email>("ada@①.①.①.①").is_err());
}

#[test]
fn every_record_type_parses_back() {
    for number in 0..=u16::MAX {
        let _ = canonical::<RecordType>(&number.to_string());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    /// Combines pieces that are meaningful to at least one of the types.
    #[test]
    fn every_canonical_spelling_parses_back(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 1..8),
    ) {
        let text = pieces.concat();
        let _ = (canonical::<Address>(&text), canonical::<Host>(&text));
        let _ = (canonical::<Domain>(&text), canonical::<DnsName>(&text));
        let _ = (canonical::<Email>(&text), canonical::<Registered>(&text));
        let _ = (canonical::<Resolver>(&text), canonical::<Endpoint>(&text));
        let _ = (canonical::<PortSet>(&text), canonical::<RecordType>(&text));
        let _ = canonical::<Word>(&text);
    }
}

const PIECES: &[&str] = &[
    "AS",
    "as",
    "64496",
    "1",
    "①",
    "１",
    "²",
    "0x7f",
    "010",
    "192.0.2.1",
    "2001:db8::1",
    "::ffff:1.2.3.4",
    "/",
    "24",
    "℀",
    "⒈",
    "／",
    ".",
    "..",
    "。",
    "．",
    "@",
    "ａ",
    "a",
    "ß",
    "İ",
    "xn--",
    "bücher",
    "example.com",
    "-",
    "_",
    "*",
    " ",
    ":",
    "53",
    "#",
    "[",
    "]",
    "<",
    ">",
    "|",
    "(",
    ")",
    "\"",
    "'",
    "`",
    "“",
    "tls://",
    "https://",
    "mailto:",
    "[.]",
    "[at]",
    "[dot]",
    "hxxp",
    "%",
    "=",
    "+",
    ",",
    "ssh",
    "in-addr.arpa",
    "1.2.0.192.in-addr.arpa",
    "TYPE",
    "MX",
    "?",
    "\u{301}",
    "\u{200d}",
    "\u{ad}",
];
