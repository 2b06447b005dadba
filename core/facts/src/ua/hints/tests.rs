//! Client hints, and their contradictions with the User-Agent.

use super::*;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

#[test]
fn recognizes_windows_11() {
    let headers = [
        (
            "Sec-CH-UA",
            r#""Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126""#,
        ),
        ("sec-ch-ua-mobile", "?0"),
        ("Sec-CH-UA-Platform", r#""Windows""#),
        ("Sec-CH-UA-Platform-Version", r#""15.0.0""#),
        ("Sec-CH-UA-Model", r#""""#),
        (
            "Sec-CH-UA-Full-Version-List",
            r#""Chromium";v="126.0.6478.127", "Not;A=Brand";v="8.0.0.0""#,
        ),
        ("Accept", "*/*"),
    ];

    let hints = read_hints(headers, &super::super::read(CHROME)).expect("hints");
    assert_eq!(hints.system.as_deref(), Some("Windows 11"));
    assert_eq!(
        hints.brands,
        [Brand {
            name: "Chromium".into(),
            version: "126.0.6478.127".into()
        }]
    );

    assert_eq!(
        (hints.mobile, hints.model, hints.disagreements.len()),
        (Some(false), None, 0)
    );
}

#[test]
fn reports_contradictions_and_ignores_malformed_values() {
    let headers = [
        ("Sec-CH-UA", r#""Chromium";v="99""#),
        ("Sec-CH-UA-Mobile", "?1"),
        ("Sec-CH-UA-Platform", r#""Android""#),
        ("Sec-CH-UA-Arch", "x86\u{1}"),
    ];
    let hints = read_hints(headers, &super::super::read(CHROME)).expect("hints");
    assert_eq!(
        hints.disagreements,
        [
            "the hints say Android, the User-Agent says Windows",
            "the hints say mobile, the User-Agent says not",
            "the hints say Chromium 99, the User-Agent says 126",
        ]
    );
    assert_eq!(hints.architecture, None);
    assert_eq!(
        read_hints([("Host", "x"), ("é", "y")], &super::super::read(CHROME)),
        None
    );
}

#[test]
fn ignores_grease_brands() {
    for (value, expected) in [
        (
            r#""Chromium";v="126", "Not/A)Brand";v="8""#,
            vec!["Chromium 126"],
        ),
        (
            r#"" Not A;Brand";v="99", "Google Chrome";v="90""#,
            vec!["Google Chrome 90"],
        ),
        (r#""(Not(A:Brand";v="8""#, vec![]),
        (r#""Not_Any Brand";v="8""#, vec![]),
        (r#""Notable Brand";v="8""#, vec!["Notable Brand 8"]),
        (r#""Opera""#, vec!["Opera "]),
        (r#""Opera";v=1"#, vec!["Opera "]),
        ("Opera;v=1", vec![]),
        (r#""unclosed"#, vec![]),
        ("", vec![]),
    ] {
        let found: Vec<String> = brands(value)
            .iter()
            .map(|brand| format!("{} {}", brand.name, brand.version))
            .collect();
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn parses_structured_field_values() {
    assert_eq!(string(r#""x86""#).as_deref(), Some("x86"));
    for value in [r#""""#, "x86", "?1", "1", "", "\"\u{e9}\""] {
        assert_eq!(string(value), None, "{value}");
    }
    assert_eq!((boolean("?1"), boolean("?0")), (Some(true), Some(false)));
    for value in ["1", "true", "?2", "", r#""?1""#] {
        assert_eq!(boolean(value), None, "{value}");
    }
}

#[test]
fn names_the_system() {
    for (platform, version, expected) in [
        (Some("Windows"), Some("15.0.0"), Some("Windows 11")),
        (Some("Windows"), Some("13.0.0"), Some("Windows 11")),
        (Some("Windows"), Some("12.9"), Some("Windows 10")),
        (Some("Windows"), Some("1.0.0"), Some("Windows 10")),
        (Some("Windows"), Some("0.3.0"), Some("Windows 8.1 or older")),
        (Some("Windows"), Some("x"), Some("Windows 8.1 or older")),
        (Some("Windows"), None, Some("Windows")),
        (Some("macOS"), Some("14.5.0"), Some("macOS 14.5.0")),
        (Some("Linux"), None, Some("Linux")),
        (None, Some("15.0.0"), None),
    ] {
        let hints = Hints {
            platform: platform.map(str::to_owned),
            platform_version: version.map(str::to_owned),
            ..Hints::default()
        };
        assert_eq!(
            system(&hints).as_deref(),
            expected,
            "{platform:?} {version:?}"
        );
    }
}

#[test]
fn ignores_headers_beyond_the_limit() {
    let long = format!("\"{}\"", "a".repeat(MAX_HEADER));
    let facts = super::super::read(CHROME);
    assert_eq!(
        read_hints([("Sec-CH-UA-Platform", long.as_str())], &facts),
        None
    );
    assert_eq!(read_hints([], &facts), None);
    let hints = read_hints([("Sec-CH-UA-Unheard-Of", "x")], &facts).expect("hints");
    assert_eq!(hints, Hints::default());
}

#[test]
fn a_chromium_hint_contradicts_a_user_agent_without_chrome() {
    let firefox = super::super::read(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    );
    let hints = read_hints([("Sec-CH-UA", r#""Chromium";v="126""#)], &firefox).expect("hints");
    assert_eq!(
        hints.disagreements,
        ["the hints say Chromium, the User-Agent names no Chrome"]
    );
}
