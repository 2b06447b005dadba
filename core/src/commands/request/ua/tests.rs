use super::*;
use crate::commands::testing::{field, head, shown};

fn data(text: &str) -> Data {
    Data {
        facts: ua::read(text),
        hints: None,
        clipped: false,
    }
}

#[test]
fn a_browser_is_told_with_its_system() {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    insta::assert_snapshot!(shown(&data(firefox).present()), @r#"
    # User-Agent
    · Firefox 140.0 on Linux
    Kind: pc
    Bot: no
    Client: Firefox 140.0 (exact)
    Maker: Mozilla (exact)
    System: Linux (exact)
    ```
    Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
    ```
    "#);
}

#[test]
fn what_is_known_makes_the_summary() {
    for (client, os, bot, told) in [
        (Some("A 1"), Some("B 2"), false, "A 1 on B 2"),
        (Some("A 1"), None, false, "A 1"),
        (None, Some("B 2"), false, "An unknown client on B 2"),
        (None, None, false, "Nothing that is known"),
        (Some("A 1"), None, true, "A 1 (no person: a bot or tool)"),
        (
            None,
            None,
            true,
            "Nothing that is known (no person: a bot or tool)",
        ),
    ] {
        assert_eq!(summary(client, os, bot), told);
    }
}

#[test]
fn a_tool_is_no_person() {
    let document = data("curl/8.5.0").present();
    assert_eq!(head(&document).0, "curl 8.5.0 (no person: a bot or tool)");
    assert_eq!(field(&document, "Bot"), Some("yes"));
    assert_eq!(field(&document, "Kind"), Some("misc"));
}

#[test]
fn hostile_text_is_shown_as_it_is() {
    for text in [
        "",
        "\u{202e}gnp.exe",
        "<script>alert(1)</script>",
        "%s%s%n",
        "`*_~|",
    ] {
        let document = data(text).present();
        assert_eq!(head(&document).1, Severity::Neutral, "{text:?}");
    }
    let document = data("").present();
    assert_eq!(head(&document).0, "Nothing that is known");
    assert_eq!(field(&document, "Client"), None);
}

#[test]
fn a_long_text_says_how_much_of_it_was_read() {
    let mut data = data("x");
    assert!(data.present().warnings.is_empty());
    data.clipped = true;
    assert_eq!(
        data.present().warnings,
        ["Only the first 1024 bytes were read"]
    );
}

#[test]
fn hints_stand_beside_and_their_contradictions_are_warnings() {
    let brand = |name: &str, version: &str| Brand {
        name: name.into(),
        version: version.into(),
    };
    let hints = Hints {
        brands: vec![brand("Chromium", "126"), brand("Google Chrome", "126")],
        mobile: Some(false),
        system: Some("Windows 11".into()),
        model: Some(String::new()),
        architecture: Some("x86".into()),
        bitness: Some("64".into()),
        disagreements: vec!["Linux in the User-Agent, Windows in the hints".into()],
        ..Hints::default()
    };

    let document = Data {
        hints: Some(hints),
        ..data("Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0")
    }
    .present();

    assert_eq!(
        document.warnings,
        ["Two stories: Linux in the User-Agent, Windows in the hints"]
    );
    assert_eq!(document.severity, Severity::Warning);
    for (name, value) in [
        ("Brands", Some("Chromium 126, Google Chrome 126")),
        ("Mobile", Some("no")),
        ("Model", None),
        ("Architecture", Some("x86 64")),
    ] {
        assert_eq!(field(&document, name), value, "{name}");
    }
}

#[test]
fn empty_hints_are_a_heading_alone() {
    let mut document = Document::default();
    add_hints(&Hints::default(), &mut document);
    assert_eq!(document.blocks.len(), 1);
}
