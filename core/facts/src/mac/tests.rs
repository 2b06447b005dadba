use super::*;

fn read(text: &str) -> Option<String> {
    text.parse().ok().map(|mac: MacAddress| mac.to_string())
}

#[test]
fn reads_every_common_spelling() {
    for text in [
        "00:1c:b3:09:85:15",
        "00-1C-B3-09-85-15",
        "001c.b309.8515",
        "001CB3098515",
        "001cb3-098515",
        "00 1c b3 09 85 15",
        "00.1c.b3.09.85.15",
        "0:1c:b3:9:85:15",
        "<00:1c:b3:09:85:15>",
        "001c-b309-8515",
    ] {
        assert_eq!(read(text).as_deref(), Some("00:1c:b3:09:85:15"), "{text}");
    }
    for (text, canonical) in [
        ("aa:bb:cc", "aa:bb:cc"),
        ("AA-BB-CC", "aa:bb:cc"),
        ("aabbcc", "aa:bb:cc"),
        ("aabb.cc", "aa:bb:cc"),
        ("0:0:c", "00:00:0c"),
        ("8c1f64a", "8c:1f:64:a"),
        ("8C:1F:64:A", "8c:1f:64:a"),
        ("70b3d5719", "70:b3:d5:71:9"),
        ("00:1c:b3:ff:fe:09:85:15", "00:1c:b3:ff:fe:09:85:15"),
        ("001c.b3ff.fe09.8515", "00:1c:b3:ff:fe:09:85:15"),
    ] {
        assert_eq!(read(text).as_deref(), Some(canonical), "{text}");
        assert_eq!(read(canonical).as_deref(), Some(canonical), "{canonical}");
    }
}

#[test]
fn rejects_what_is_not_a_mac_address() {
    for text in [
        "",
        ":",
        "aa:bb",
        "00:1c:b3:09:85:15:17",
        "00:1c:b3:09:85:1g",
        "00:1c-b3:09:85:15",
        "00::1c:b3:09:85",
        "001cb30985151",
        "00:1c:b3:09:85:",
        "192.0.2.100",
        "example.com",
        "００:1c:b3:09:85:15",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(read(&"a".repeat(100_000)), None);
}

#[test]
fn a_group_is_one_before_it_is_local() {
    for (text, kind) in [
        ("00:1c:b3:09:85:15", MacKind::Universal),
        ("02:00:00:00:00:01", MacKind::Local),
        ("01:00:5e:00:00:fb", MacKind::Group),
        ("33:33:00:00:00:01", MacKind::Group),
        ("ff:ff:ff:ff:ff:ff", MacKind::Group),
    ] {
        let mac: MacAddress = text.parse().expect(text);
        assert_eq!(mac.kind(), kind, "{text}");
    }
}

fn holder(text: &str) -> Option<(String, Option<&'static str>)> {
    vendor(&text.parse().expect(text)).map(|found| (found.prefix, found.name))
}

#[test]
fn the_longest_prefix_decides() {
    for (text, prefix, name) in [
        ("00:00:0c:12:34:56", "00000c", Some("Cisco Systems, Inc")),
        ("01:00:0c:cc:cc:cc", "00000c", Some("Cisco Systems, Inc")),
        ("70:b3:d5:71:9a:bc", "70b3d5719", Some("2M Technology")),
        ("20:85:93:b0:00:01", "208593b", Some("IOG Products LLC")),
        ("20:85:93", "208593", Some("IEEE Registration Authority")),
        ("0050c2000123", "0050c2000", Some("T.L.S. Corp.")),
        (
            "aa:00:04:00:01:04",
            "aa0004",
            Some("DIGITAL EQUIPMENT CORPORATION"),
        ),
    ] {
        assert_eq!(holder(text), Some((prefix.to_owned(), name)), "{text}");
    }
    assert_eq!(holder("ff:ff:ff:ff:ff:ff"), None);
    assert_eq!(holder("02:00:00:00:00:01"), None);
}

/// Every line can be found, which also shows that the file is complete, valid and sorted.
#[test]
fn every_prefix_of_the_file_is_found() {
    let mut number = 0;
    for (prefix, name) in vendors::all() {
        assert!(matches!(prefix.len(), 6 | 7 | 9), "{prefix}");
        assert!(!name.is_empty() && name.chars().count() <= 80 && !name.contains(char::is_control));
        let (found, holder) = holder(prefix).expect(prefix);
        assert_eq!((found.as_str(), holder), (prefix, Some(name)));
        number += 1;
    }
    assert!(number > 50_000, "{number}");
}
