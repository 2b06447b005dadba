//! Kinds of clients, signs of bots, and vendors.

use super::*;

#[test]
fn expressions_compile_and_find_bots() {
    for text in [
        "MyCrawler/1.0",
        "foo-bot/2",
        "Mozilla/5.0 (compatible; Whatever/1.0; +http://example.com)",
        "SiteChecker",
        "Foo/1.0",
    ] {
        assert!(looks_like_a_bot(text, false), "{text}");
    }

    for text in [
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36",
        "Nokia6230/2.0",
        "MyApp/3 CFNetwork/1408.0.4 Darwin/22.5.0",
    ] {
        assert!(!looks_like_a_bot(text, false), "{text}");
    }

    let named = |name: &str, version: &str| (Some(name.to_owned()), Some(version.to_owned()));

    assert_eq!(
        own_product("Mozilla/5.0 (compatible; Thing/1.2; x)"),
        named("Thing", "1.2")
    );
    assert_eq!(
        own_product(
            "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1 Safari/2 Uptimia/1.0"
        ),
        named("Uptimia", "1.0")
    );

    assert_eq!(
        own_product("ForwardQR/1.0 (+https://example.com/bot.html)"),
        named("ForwardQR", "1.0")
    );
    assert_eq!(vendor("Mobile Safari UI/WKWebView"), Some("Apple"));
}

/// Rows: a text, its OS by uap-core, and the expected kind.
const KINDS: &[(&str, Option<&str>, Category)] = &[
    (
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X)",
        Some("iOS"),
        Tablet,
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)",
        Some("iOS"),
        Smartphone,
    ),
    ("App/1 CFNetwork Darwin", Some("iOS"), Smartphone),
    (
        "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Mobile Safari",
        Some("Android"),
        Smartphone,
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Safari",
        Some("Android"),
        Tablet,
    ),
    ("MyApp/1 (Android 14)", Some("Android"), Smartphone),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 Mobile",
        Some("Android"),
        Tablet,
    ),
    (
        "Mozilla/5.0 (Linux; Android 9; MiTV-MSSP2) AppleWebKit/537.36",
        Some("Android"),
        Appliance,
    ),
    (
        "Mozilla/5.0 (Linux; Android 11; 50LU1222 Build/X) AppleWebKit/537.36",
        Some("Android"),
        Appliance,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Xbox)",
        Some("Windows"),
        Appliance,
    ),
    ("Mozilla/5.0 (X11; CrOS x86_64)", Some("Chrome OS"), Pc),
    (
        "Mozilla/5.0 (Windows NT 10.0; Tablet PC 2.0)",
        Some("Windows"),
        Pc,
    ),
    (
        "Mozilla/5.0 (Mobile; rv:48.0) KAIOS/2.5",
        Some("KaiOS"),
        MobilePhone,
    ),
    ("Nokia6230/2.0 Profile/MIDP-2.0", None, MobilePhone),
    ("x", Some("Windows"), Pc),
    ("x", Some("Ubuntu"), Pc),
    ("x", Some("tvOS"), Appliance),
    ("x", Some("watchOS"), Appliance),
    ("x", Some("Firefox OS"), Smartphone),
];

#[test]
fn the_strongest_sign_decides_the_kind() {
    for &(text, system, expected) in KINDS {
        assert_eq!(of(text, system, ""), expected, "{text}");
    }
}

#[test]
fn woothee_decides_without_a_sign_or_os() {
    for (woothee, expected) in [
        ("pc", Pc),
        ("smartphone", Smartphone),
        ("mobilephone", MobilePhone),
        ("appliance", Appliance),
        ("misc", Category::Misc),
        ("crawler", Category::Unknown),
        ("", Category::Unknown),
    ] {
        assert_eq!(of("x", None, woothee), expected, "{woothee}");
    }
}

#[test]
fn short_signs_match_at_the_start_of_a_word_only() {
    for (text, expected) in [
        ("Linux; Android 9; AFTS Build", true),
        ("DAFTS", false),
        ("AFT ", false),
        ("ATV", true),
        ("BEATV", false),
        ("Wii", true),
        ("xWii", false),
    ] {
        let sign = if text.contains("AFT") {
            "AFT"
        } else if text.contains("ATV") {
            "ATV"
        } else {
            "Wii"
        };
        let at = text.find(sign).expect("the sign");
        assert_eq!(starts_a_word(text, at, at + sign.len()), expected, "{text}");
    }
}

#[test]
fn recognizes_unlisted_bots() {
    for text in [
        "MyCrawler/1.0",
        "somebot",
        "Mozilla/5.0 (compatible; Thing/1.0)",
        "Mozilla/5.0",
        "MyFetcher/1.0",
        "foo 2.1",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessThing/1",
        "x (+https://example.test)",
        "python-something",
    ] {
        assert!(looks_like_a_bot(text, false), "{text}");
    }
    for text in [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 Mobile",
        "Nokia6230/2.0",
        "Opera/9.80",
        "MyApp/1.0 (iPhone; iOS 17)",
    ] {
        assert!(!looks_like_a_bot(text, true), "{text}");
    }
}

#[test]
fn a_bot_has_the_name_of_its_own_product() {
    for (text, name, version) in [
        (
            "Mozilla/5.0 (compatible; Thing/1.0; +http://x.test)",
            Some("Thing"),
            Some("1.0"),
        ),
        ("Mozilla/5.0 (compatible; Thing; x)", Some("Thing"), None),
        ("Fetcher/v2.1", Some("Fetcher"), Some("2.1")),
        ("", None, None),
    ] {
        let found = own_product(text);
        assert_eq!(
            (found.0.as_deref(), found.1.as_deref()),
            (name, version),
            "{text}"
        );
    }
}

#[test]
fn families_have_vendors() {
    for (family, expected) in [
        ("Chrome", Some("Google")),
        ("Chrome Mobile iOS", Some("Google")),
        ("Mobile Safari", Some("Apple")),
        ("Firefox Mobile", Some("Mozilla")),
        ("Edge", Some("Microsoft")),
        ("Nobody's Browser", None),
        ("", None),
    ] {
        assert_eq!(vendor(family), expected, "{family}");
    }
    assert!(
        is_general_browser("Chrome Mobile WebView")
            && is_general_browser("Mobile Safari UI/WKWebView")
    );
    assert!(!is_general_browser("Instagram") && !is_general_browser(""));
}
