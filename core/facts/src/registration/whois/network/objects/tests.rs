//! Boundaries and keys of objects.

use super::*;

/// The first key and the number of pairs of each object.
fn of(text: &str) -> Vec<String> {
    read(text)
        .iter()
        .map(|object| format!("{} {}", object.first(), object.pairs.len()))
        .collect()
}

#[test]
fn blank_lines_and_new_blocks_separate_objects() {
    for (text, expected) in [
        (
            "inetnum: a\nnetname: b\n\nperson: c\n",
            vec!["inetnum 2", "person 1"],
        ),
        (
            "inetnum: a\nnetname: b\ninetnum: c\n",
            vec!["inetnum 2", "inetnum 1"],
        ),
        (
            "NetRange: a\nNetName: b\n\n\nOrgName: c\nOrgId: d\n",
            vec!["netrange 2", "orgname 2"],
        ),
        // A comment inside an object is ignored.
        ("inetnum: a\n% note\nnetname: b\n", vec!["inetnum 2"]),
        (
            "inetnum: a\n# end\nnetname: b\n",
            vec!["inetnum 1", "netname 1"],
        ),
        // LACNIC has the AS inside the block.
        ("inetnum: a\naut-num: AS1\nowner: c\n", vec!["inetnum 3"]),
        ("aut-num: AS1\nas-name: X\n", vec!["aut num 2"]),
        ("no keys here\n\n\n", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn parses_rwhois() {
    let objects = read(
        "%rwhois V-1.5\nnetwork:ID:NET-1\nnetwork:IP-Network:192.0.2.0/28\nnetwork:Org-Name;I:Sample Ltd\nnetwork:Network-Name:CUST\n",
    );
    let pairs: Vec<_> = objects
        .iter()
        .flat_map(|object| &object.pairs)
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    assert_eq!(
        pairs,
        [
            ("ip network", "192.0.2.0/28"),
            ("id", "NET-1"),
            ("owner", "Sample Ltd"),
            ("netname", "CUST")
        ]
    );
    assert!(read("network: a\n")[0].is(&["network"]));
}

#[test]
fn parses_the_one_line_form_of_arin() {
    let found = |line: &str| -> Vec<(String, String)> {
        summaries(line)
            .into_iter()
            .flat_map(|object| object.pairs)
            .map(|(key, value)| (key, value.to_owned()))
            .collect()
    };

    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());

    assert_eq!(
        found("Sample Inc. SAMPLE-NET (NET-192-0-2-0-1) 192.0.2.0 - 192.0.2.255"),
        [
            pair("netrange", "192.0.2.0 - 192.0.2.255"),
            pair("netname", "SAMPLE-NET"),
            pair("owner", "Sample Inc.")
        ]
    );

    assert_eq!(
        found("SAMPLE-NET (NET6-2001-DB8-1) 2001:db8:: - 2001:db8::ffff")[1..],
        [pair("netname", "SAMPLE-NET"), pair("owner", "")]
    );

    for line in [
        "",
        "x (NET",
        "x (NET-1) y",
        "x (NET-1)",
        "(NET-1) 192.0.2.0 - 192.0.2.255",
    ] {
        assert_eq!(found(line), [], "{line}");
    }
}

#[test]
fn find_returns_the_first_usable_value() {
    let objects = read("inetnum: a\ndescr: \ndescr: one\nowner: two\n");
    let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    assert_eq!(
        objects[0].find(&["owner", "descr"], text).as_deref(),
        Some("two")
    );
    assert_eq!(
        objects[0].find(&["none", "descr"], text).as_deref(),
        Some("one")
    );
    assert_eq!(objects[0].find(&["none"], text), None);
    assert_eq!(objects[0].all(&["descr"]).count(), 2);
}

#[test]
fn reads_at_most_2000_objects() {
    assert_eq!(
        read(&"inetnum: a\n\n".repeat(MAX_OBJECTS + 10)).len(),
        MAX_OBJECTS
    );
}
