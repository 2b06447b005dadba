//! Signed, forged and forwarded messages: the claims in their headers are verified with the lab's
//! DNS.

use std::{fs, path::Path};

use netvane_tests::Lab;
use serde_json::{Value, json};

/// Returns the trace of a message in the lab's directory.
fn trace(lab: &Lab, name: &str) -> Value {
    let message = fs::read(Path::new(lab.value("MESSAGES")).join(name)).expect("a message");
    lab.netvane(["--json", "trace_mail"])
        .stdin(message)
        .run()
        .json()["data"]
        .clone()
}

/// Returns a method's result, if Netvane evaluated it.
fn checked<'d>(data: &'d Value, method: &str) -> &'d Value {
    let outcome = &data["authentication"][method];
    let outcome = if outcome.is_array() {
        &outcome[0]
    } else {
        outcome
    };
    assert_eq!(outcome["verified"], true, "{method}: {outcome}");
    &outcome["result"]
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn valid_signatures_pass() {
    let lab = Lab::mail();
    let good = trace(&lab, "good.eml");

    assert_eq!(
        ["spf", "dkim", "dmarc"].map(|method| checked(&good, method)),
        ["pass"; 3]
    );
    assert_eq!(
        good["authentication"]["spf"]["detail"],
        format!("{} for known@lab.test", lab.value("MX1_4"))
    );

    let dkim = &good["authentication"]["dkim"];
    assert_eq!(dkim.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (
            &dkim[0]["domain"],
            &dkim[0]["selector"],
            &dkim[0]["algorithm"]
        ),
        (&json!("lab.test"), &json!("s1"), &json!("rsa-sha256"))
    );

    assert_eq!(
        (&good["origin"]["address"], &good["origin"]["confidence"]),
        (&json!(lab.value("MX1_4")), &json!("fact"))
    );
    assert_eq!(good["anomalies"], json!([]));

    // Sent by a server outside of the domain, but signed by the domain.
    let strayed = trace(&lab, "strayed.eml");

    assert_eq!(
        ["spf", "dkim", "dmarc"].map(|method| checked(&strayed, method)),
        ["fail", "pass", "pass"]
    );

    let list = trace(&lab, "list.eml");

    assert_eq!(
        (checked(&list, "arc"), checked(&list, "spf")),
        (&json!("pass"), &json!("pass"))
    );
    assert_eq!(
        checked(&list, "dmarc"),
        "fail",
        "the list's SPF is not the author's"
    );
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn signatures_that_do_not_match_the_body_fail() {
    let lab = Lab::mail();
    // RFC 8601 §2.7.1: it was signed, and "failed the verification test(s)".
    let changed = trace(&lab, "changed.eml");
    assert_eq!(
        ["spf", "dkim", "dmarc"].map(|method| checked(&changed, method)),
        ["pass", "fail", "pass"]
    );
    assert_eq!(checked(&trace(&lab, "list.eml"), "dkim"), "fail");
    // RFC 8617 §8.1 defines only none, pass and fail.
    assert_eq!(checked(&trace(&lab, "broken.eml"), "arc"), "fail");
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn forgeries_fail_dmarc() {
    let lab = Lab::mail();
    let forged = trace(&lab, "forged.eml");
    assert_eq!(checked(&forged, "spf"), "fail");
    // A policy is published and nothing aligned has passed (RFC 7489 §4.2).
    assert_eq!(
        checked(&forged, "dmarc"),
        "fail",
        "{}",
        forged["authentication"]["dmarc"]
    );
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn spf_alone_decides_for_unsigned_messages() {
    let lab = Lab::mail();
    let unsigned = trace(&lab, "unsigned.eml");
    assert_eq!(checked(&unsigned, "spf"), "fail");
    assert_eq!(
        checked(&unsigned, "dmarc"),
        "fail",
        "{}",
        unsigned["authentication"]["dmarc"]
    );
}
