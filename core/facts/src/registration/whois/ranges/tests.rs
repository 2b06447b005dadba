use super::*;

#[test]
fn parses_ranges_prefixes_and_addresses() {
    for (text, first, last, cidr) in [
        (
            "192.0.2.0 - 192.0.2.255",
            "192.0.2.0",
            "192.0.2.255",
            vec!["192.0.2.0/24"],
        ),
        (
            "192.0.2.0-192.0.2.127 (/25)",
            "192.0.2.0",
            "192.0.2.127",
            vec!["192.0.2.0/25"],
        ),
        (
            "203.0/16",
            "203.0.0.0",
            "203.0.255.255",
            vec!["203.0.0.0/16"],
        ),
        (
            "2001:db8::/32",
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            vec!["2001:db8::/32"],
        ),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1", vec!["192.0.2.1/32"]),
        (
            "192.0.2.0 - 192.0.4.255",
            "192.0.2.0",
            "192.0.4.255",
            vec!["192.0.2.0/23", "192.0.4.0/24"],
        ),
    ] {
        let range = parse(text).expect(text);
        assert_eq!(
            (range.first().to_string(), range.last().to_string()),
            (first.into(), last.into()),
            "{text}"
        );
        assert_eq!(range.cidr(), cidr, "{text}");
    }

    for text in [
        "",
        "-",
        "192.0.2.9 - 192.0.2.1",
        "192.0.2.0 - 2001:db8::",
        "300.1/8",
        "1.2.3.4/99",
        "a/b",
        "/",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn covers_compares_ranges_of_one_family() {
    let range = |text: &str| parse(text).expect(text);
    let block = range("192.0.2.0/24");
    for (text, covered) in [
        ("192.0.2.0/24", true),
        ("192.0.2.255", true),
        ("192.0.2.128 - 192.0.2.130", true),
        ("192.0.2.0/23", false),
        ("192.0.3.0", false),
        ("::192.0.2.1", false),
    ] {
        assert_eq!(block.covers(range(text)), covered, "{text}");
    }
    assert_eq!(range("192.0.2.1").size(), 0);
    assert_eq!(block.size(), 255);
    assert_eq!(range("::/0").size(), u128::MAX);
}

#[test]
fn only_the_whole_family_is_everything() {
    for (text, all) in [
        ("0.0.0.0 - 255.255.255.255", true),
        ("0.0.0.0/0", true),
        ("::/0", true),
        ("0.0.0.0 - 255.255.255.254", false),
        ("::/1", false),
        ("0.0.0.0", false),
    ] {
        assert_eq!(parse(text).expect(text).is_everything(), all, "{text}");
    }
}

#[test]
fn splits_a_range_into_at_most_64_prefixes() {
    let range = parse("0.0.0.1 - 255.255.255.254").expect("a range");
    assert_eq!(range.cidr().len(), 62);
    let range = parse("::1 - ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").expect("a range");
    assert_eq!(range.cidr().len(), MAX_PREFIXES);
}

#[test]
fn parses_lists_of_prefixes() {
    assert_eq!(
        prefixes("192.0.2.0/25, 192.0.2.128/25"),
        ["192.0.2.0/25", "192.0.2.128/25"]
    );
    assert_eq!(prefixes("192.0.2.9/24"), ["192.0.2.0/24"]);
    assert_eq!(prefixes("10/8 x 1.2.3.4/33 ,, /"), ["10.0.0.0/8"]);
    assert_eq!(prefixes(""), [""; 0]);
    assert_eq!(prefixes(&"10/8,".repeat(100)).len(), MAX_PREFIXES);
}
