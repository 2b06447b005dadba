//! What the reply says about CAA records.

use hickory_resolver::proto::op::ResponseCode::NoError;

use super::*;
use crate::commands::{
    dns::testing::{answers, lookup, message},
    testing::{field, head, rows},
};
use crate::testing::read_back::ReadBack;

/// The reply for `example.test` with these CAA data.
fn presented(data: &[&str]) -> Document {
    let records: Vec<String> = data
        .iter()
        .map(|data| format!("example.test. 60 IN CAA {data}"))
        .collect();
    let lookup = lookup("example.test", Rtype::CAA, answers(&records.join("\n")));
    with(lookup, Some("example.test")).present_checked()
}

fn with(lookup: Lookup, found_at: Option<&str>) -> Data {
    Data {
        lookup,
        found_at: found_at.map(str::to_owned),
        failed_at: None,
    }
}

#[test]
fn lists_issuers_before_contacts() {
    let document = presented(&[
        "0 iodef \"mailto:pki@example.test\"",
        "128 issue \"ca.test; account=1\"",
        "0 issuewild \";\"",
    ]);
    assert_eq!(head(&document), ("3 CAA records", Severity::Good));
    assert_eq!(
        rows(&document),
        [
            "issue | ca.test; account=1 (exact) | may issue certificates (critical) (aside) | 1 min",
            "issuewild | ; (exact) | no CA may issue wildcard certificates (aside) | 1 min",
            "iodef | mailto:pki@example.test (exact) | contact for violation reports (aside) | 1 min"
        ]
    );
}

#[test]
fn says_when_no_ca_may_issue() {
    let document = presented(&["0 issue \";\""]);
    assert_eq!(
        head(&document),
        ("No CA may issue certificates", Severity::Good)
    );

    let document = presented(&["128 tbs \"unknown\"", "0 issue \"ca.test\""]);
    assert_eq!(document.severity, Severity::Bad);
    assert!(document.summary.contains("`tbs` is critical and unknown"));

    let document = presented(&["0 issue \"%%%\""]);
    assert_eq!(document.severity, Severity::Warning);
    assert!(rows(&document)[0].contains("malformed: no CA may issue certificates"));
}

#[test]
fn a_record_for_nobody_has_no_effect_beside_an_issuer() {
    let document = presented(&["0 issue \";\"", "0 issue \"ca.test\""]);
    assert_eq!(head(&document), ("2 CAA records", Severity::Good));
    assert!(rows(&document)[0].contains("allows no CA; other records do"));
}

#[test]
fn names_the_parent_whose_records_apply() {
    let parent = "f.test. 60 IN CAA 0 issue \"ca.test\"";
    let mut lookup = lookup("f.test", Rtype::CAA, answers(parent));
    lookup.name = "sub.f.test".to_owned();
    let document = with(lookup, Some("f.test")).present_checked();
    assert_eq!(head(&document), ("1 CAA record of f.test", Severity::Good));
    assert_eq!(field(&document, "Records of"), Some("f.test"));
}

#[test]
fn without_records_any_ca_may_issue() {
    let soa = "example.test. 900 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";
    let lookup = lookup("example.test", Rtype::CAA, message(NoError, "ra", "", soa));
    let data = with(lookup, None);
    let document = data.present_checked();
    assert_eq!(document.severity, Severity::Neutral);
    assert!(rows(&document).is_empty());

    let failed_at = Some("test".to_owned());
    let document = Data { failed_at, ..data }.present_checked();
    assert_eq!(document.severity, Severity::Warning);
}

#[test]
fn parents_end_before_the_root() {
    let names: Vec<&str> = parents("a.b.example.test").collect();
    assert_eq!(names, ["b.example.test", "example.test", "test"]);
    assert_eq!(parents("test").count(), 0);
    assert_eq!(parents(&"a.".repeat(50)).count(), MAX_CLIMBED);
}
