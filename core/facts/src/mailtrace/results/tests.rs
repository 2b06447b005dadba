//! The examples of RFC 8601 and RFC 7208, and what providers write.

use super::*;

/// `authserv-id | method=result (comment) key=value …`.
fn of(value: &str) -> String {
    let read = read(value);
    let mut out = vec![read.authserv_id.unwrap_or_else(|| "-".to_owned())];
    for result in read.results {
        let comment = result
            .comment
            .map(|text| format!(" ({text})"))
            .unwrap_or_default();
        let pairs: String = result
            .properties
            .iter()
            .map(|(key, value)| format!(" {key}={value}"))
            .collect();
        out.push(format!(
            "{}={}{comment}{pairs}",
            result.method, result.result
        ));
    }
    out.join(" | ")
}

#[test]
fn reads_the_examples_of_rfc_8601() {
    for (value, expected) in [
        ("example.org 1; none", "example.org"),
        (
            "example.com;\r\n          spf=pass smtp.mailfrom=example.net",
            "example.com | spf=pass smtp.mailfrom=example.net",
        ),
        (
            "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net",
            "example.com | auth=pass (cram-md5) smtp.auth=sender@example.net | spf=pass smtp.mailfrom=example.net",
        ),
        (
            "example.com; dkim=pass reason=\"good signature\" header.i=@mail-router.example.net; dkim=fail reason=\"bad signature\" header.i=@newyork.example.com",
            "example.com | dkim=pass reason=good header.i=@mail-router.example.net | dkim=fail reason=bad header.i=@newyork.example.com",
        ),
        (
            "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462",
            "foo.example.net | dkim=fail (Because I like it) policy.expired=1362471462",
        ),
    ] {
        assert_eq!(of(value), expected, "{value}");
    }
}

#[test]
fn reads_what_providers_write() {
    for (value, expected) in [
        (
            "mx.google.com; dkim=pass header.i=@a.example header.s=sel header.b=AbC123; spf=pass (google.com: domain of x@a.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=x@a.example; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example",
            "mx.google.com | dkim=pass header.i=@a.example header.s=sel header.b=AbC123 | spf=pass (google.com: domain of x@a.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=x@a.example | dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example",
        ),
        (
            "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example; dkim=none (message not signed) header.d=none;dmarc=bestguesspass action=none header.from=a.example;compauth=fail reason=000",
            "- | spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example | dkim=none (message not signed) header.d=none | dmarc=bestguesspass action=none header.from=a.example | compauth=fail reason=000",
        ),
        ("i=1; mx.example; spf=pass", "- | spf=pass"),
        (
            "mx.example; DKIM = PASS header.d = a.example",
            "mx.example | dkim=pass header.d=a.example",
        ),
        ("mx.example; dkim/1=pass", "mx.example | dkim=pass"),
        ("mx.example;", "mx.example"),
        ("mx.example; spf=maybe", "mx.example"),
        ("mx.example; smtp.mailfrom=pass", "mx.example"),
        ("mx.example; x; y; =; ==", "mx.example"),
        ("", "-"),
        (";;;", "-"),
        ("unknown; spf=pass", "- | spf=pass"),
        (
            "mx.example; spf=pass (a; b) x=1; dkim=fail",
            "mx.example | spf=pass (a; b) x=1 | dkim=fail",
        ),
    ] {
        assert_eq!(of(value), expected, "{value}");
    }
}

#[test]
fn a_quoted_semicolon_does_not_split() {
    assert_eq!(split("a; b"), ["a", " b"]);
    assert_eq!(split(r#"a="x;y"; b"#), [r#"a="x;y""#, " b"]);
    assert_eq!(split("a (x;y); b"), ["a (x;y)", " b"]);
    assert_eq!(split(r"a (x\);y); b"), [r"a (x\);y)", " b"]);
    assert_eq!(split("a); b"), ["a)", " b"]);
    assert_eq!(split("(a; b"), ["(a; b"]);
    assert_eq!(split(""), [""]);
    assert_eq!(split("é;ü"), ["é", "ü"]);
}

#[test]
fn sixty_parts_are_read() {
    let value = format!("mx.example{}", "; spf=pass".repeat(100));
    assert_eq!(read(&value).results.len(), 59);
}

#[test]
fn finds_a_property_in_any_case() {
    let read = read("mx.example; dkim=pass Header.D=a.example header.d=b.example");
    assert_eq!(read.results[0].property("header.d"), Some("a.example"));
    assert_eq!(read.results[0].property("HEADER.D"), Some("a.example"));
    assert_eq!(read.results[0].property("header.s"), None);
}

#[test]
fn reads_the_examples_of_rfc_7208() {
    let read = read_spf(
        "pass (mybox.example.org: domain of\r\n myname@example.com designates 192.0.2.1 as permitted sender)\r\n receiver=mybox.example.org; client-ip=192.0.2.1;\r\n envelope-from=\"myname@example.com\"; helo=foo.example.com;",
    )
    .expect("a result");
    assert_eq!(read.result, "pass");
    assert_eq!(read.receiver.as_deref(), Some("mybox.example.org"));
    assert_eq!(read.client, "192.0.2.1".parse().ok());
    assert_eq!(read.envelope_from.as_deref(), Some("myname@example.com"));
    assert_eq!(read.helo.as_deref(), Some("foo.example.com"));

    // Without `receiver` the comment names it.
    let read = read_spf(
        "fail (mybox.example.org: domain of myname@example.com does not designate 192.0.2.1 as permitted sender) identity=mailfrom; client-ip=192.0.2.1; envelope-from=\"myname@example.com\";",
    )
    .expect("a result");
    assert_eq!(
        (read.result.as_str(), read.receiver.as_deref()),
        ("fail", Some("mybox.example.org"))
    );
}

#[test]
fn reads_spf_as_it_is_written() {
    for (value, expected) in [
        ("Pass;", Some(("pass", None, None))),
        ("softfail (x)", Some(("softfail", None, None))),
        (
            "none client-ip=300.1.2.3; envelope-from=<>",
            Some(("none", None, Some(""))),
        ),
        (
            "neutral client-ip=[IPv6:2001:db8::1]; envelope-from=<a@b.example>",
            Some(("neutral", Some("2001:db8::1"), Some("a@b.example"))),
        ),
        (
            "pass CLIENT-IP=192.0.2.1",
            Some(("pass", Some("192.0.2.1"), None)),
        ),
        ("maybe client-ip=192.0.2.1", None),
        ("", None),
        (" ", None),
        ("(comment) pass", None),
    ] {
        let read = read_spf(value);
        let found = read.as_ref().map(|spf| {
            (
                spf.result.clone(),
                spf.client.map(|a| a.to_string()),
                spf.envelope_from.clone(),
            )
        });
        let expected = expected.map(|(result, client, from)| {
            (
                result.to_owned(),
                client.map(str::to_owned),
                from.map(str::to_owned),
            )
        });
        assert_eq!(found, expected, "{value}");
    }

    // A word with a colon is no server.
    let read = read_spf("pass (note: fine) helo=unknown").expect("a result");

    assert_eq!(
        (read.receiver, read.helo, read.comment.as_deref()),
        (None, None, Some("note: fine"))
    );
}
