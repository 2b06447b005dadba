use super::*;
use crate::commands::testing::{field, head, shown};
use crate::testing::read_back::ReadBack;

fn data(text: &str) -> Data {
    Data {
        facts: ua::read(text),
        hints: None,
        truncated: false,
    }
}

#[test]
fn names_browser_and_system() {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    insta::assert_snapshot!(shown(&data(firefox).present_checked()), @r#"
    # User-Agent
    · Firefox 140.0 on Linux
    Kind: pc
    Bot: no
    Client: Firefox 140.0 (exact)
    Vendor: Mozilla (exact)
    OS: Linux (exact)
    ```
    Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
    ```
    "#);
}

#[test]
fn summary_joins_the_known_parts() {
    for (client, os, bot, expected) in [
        (Some("A 1"), Some("B 2"), false, "A 1 on B 2"),
        (Some("A 1"), None, false, "A 1"),
        (None, Some("B 2"), false, "Unknown client on B 2"),
        (None, None, false, "Unknown"),
        (Some("A 1"), None, true, "A 1 (bot or tool)"),
        (None, None, true, "Unknown (bot or tool)"),
    ] {
        assert_eq!(summary(client, os, bot), expected);
    }
}

#[test]
fn marks_a_tool_as_bot() {
    let document = data("curl/8.5.0").present_checked();
    assert_eq!(head(&document).0, "curl 8.5.0 (bot or tool)");
    assert_eq!(field(&document, "Bot"), Some("yes"));
    assert_eq!(field(&document, "Kind"), Some("misc"));
}

#[test]
fn accepts_adversarial_text() {
    for text in [
        "",
        "\u{202e}gnp.exe",
        "<script>alert(1)</script>",
        "%s%s%n",
        "`*_~|",
    ] {
        let document = data(text).present_checked();
        assert_eq!(head(&document).1, Severity::Neutral, "{text:?}");
    }
    let document = data("").present_checked();
    assert_eq!(head(&document).0, "Unknown");
    assert_eq!(field(&document, "Client"), None);
}

#[test]
fn notes_a_truncated_user_agent() {
    let mut data = data("x");
    assert!(data.present_checked().warnings.is_empty());
    data.truncated = true;
    assert_eq!(
        data.present_checked().warnings,
        ["Only the first 1024 bytes were parsed"]
    );
}

#[test]
fn shows_hints_and_warns_of_conflicts() {
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
    .present_checked();

    assert_eq!(
        document.warnings,
        ["Conflict: Linux in the User-Agent, Windows in the hints"]
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
fn empty_hints_have_only_a_heading() {
    let mut document = Document::default();
    add_hints(&Hints::default(), &mut document);
    assert_eq!(document.blocks.len(), 1);
}
