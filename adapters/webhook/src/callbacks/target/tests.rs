use netvane_core::{Engine, settings::Settings};

use super::*;

fn engine() -> Engine {
    Engine::new(&Settings::default()).expect("an engine")
}

#[test]
fn accepts_public_urls() {
    let engine = engine();
    for (text, read_as) in [
        (
            "https://ops.example/hook?token=1",
            "https://ops.example/hook?token=1",
        ),
        ("HTTPS://OPS.example:8443", "https://ops.example:8443/"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        (
            "https://[2606:4700::1111]:444/x",
            "https://[2606:4700::1111]:444/x",
        ),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        (
            "https://does-not-resolve.invalid/",
            "https://does-not-resolve.invalid/",
        ),
    ] {
        assert_eq!(
            read(text, engine.runtime().http()).expect(text).as_str(),
            read_as
        );
    }
}

#[test]
fn rejects_invalid_urls() {
    let engine = engine();
    let long = format!("https://ops.example/{}", "x".repeat(2048));

    for text in [
        "",
        "ops.example/hook",
        "/hook",
        "//ops.example/hook",
        "https:ops.example",
        "https://",
        "https:///hook",
        "ftp://ops.example/",
        "file:///etc/passwd",
        "gopher://ops.example/",
        "javascript://ops.example/%0aalert(1)",
        "https://ann@ops.example/",
        "https://ann:secret@ops.example/",
        "https://:secret@ops.example/",
        "https://ops.example/#part",
        "https://ops.example/#",
        "https://ops.example\\@10.0.0.1/",
        " https://ops.example/",
        "https://ops.example/\r\nX: y",
        "https://ops.exa\tmple/",
        "https://ops.example:99999/",
        "https://[fe80::1%25eth0]/",
        &long,
    ] {
        let failure = read(text, engine.runtime().http()).expect_err(text);
        assert_eq!(failure.code(), ("bad_argument", 400), "{text}: {failure}");
        assert!(
            failure.to_string().starts_with("`callback`: "),
            "{text}: {failure}"
        );
    }
}

#[test]
fn rejects_private_addresses_in_every_notation() {
    let engine = engine();
    for text in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "http://%31%32%37.0.0.1/",
        "http://１２７.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost/",
    ] {
        let failure = read(text, engine.runtime().http()).expect_err(text);
        assert_eq!(failure.code(), ("refused_target", 403), "{text}: {failure}");
    }
}
