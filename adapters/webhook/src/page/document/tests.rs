use super::*;

fn shown(document: &Document) -> String {
    super::document(&Registry::new(Vec::new()), document, 2).0
}

#[test]
fn escapes_hostile_text() {
    const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\" onerror=\"x' ```\x1b[0m";
    let mut document = Document::new(HOSTILE, HOSTILE, Severity::Bad);

    document
        .heading(HOSTILE)
        .text(HOSTILE)
        .code(HOSTILE)
        .warn(HOSTILE);

    document.field(HOSTILE, Cell::new(HOSTILE, Role::Domain));
    document.table(["A"], vec![[Cell::new(HOSTILE, Role::Address)]]);
    document.block(Block::Link {
        label: HOSTILE.into(),
        url: "javascript:alert(1)".into(),
    });
    document.block(Block::Link {
        label: HOSTILE.into(),
        url: format!("https://a.example/{HOSTILE}"),
    });
    document.block(Block::Attachment {
        name: HOSTILE.into(),
        text: HOSTILE.into(),
    });

    let station = Station {
        title: HOSTILE.into(),
        name: HOSTILE.into(),
        via: HOSTILE.into(),
        severity: Severity::Bad,
    };

    document.block(Block::Path {
        stations: vec![station],
    });

    let html = shown(&document);

    for live in [
        "<script",
        "\u{202e}",
        "\x1b",
        "\" onerror",
        "href=\"javascript",
    ] {
        assert!(!html.contains(live), "{live:?} in {html}");
    }

    assert!(html.contains(
        "&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}&quot; onerror=&quot;x' ```\\x1b[0m"
    ));
}

#[test]
fn text_in_backticks_becomes_code() {
    assert_eq!(
        words("write `MX` or `<b>`").0,
        "write <code>MX</code> or <code>&lt;b&gt;</code>"
    );
    for odd in ["``` x", "a ` b", "``"] {
        assert_eq!(words(odd).0, odd);
    }
}

#[test]
fn tables_mark_number_columns_and_the_severity_has_an_icon() {
    let mut document = Document::new("T", "S", Severity::Good);
    document.table(["Name", ">TTL"], vec![["x".into(), 5.into()]]);
    let html = shown(&document);
    assert!(
        html.contains(r#"<th scope="col">Name</th><th class="number" scope="col">TTL</th>"#),
        "{html}"
    );
    assert!(
        html.contains(r#"<td class="number" data-title="TTL"><span class="line">5</span></td>"#),
        "{html}"
    );
    assert!(
        html.contains(r#"<span aria-hidden="true">✓</span> OK"#),
        "{html}"
    );
}
