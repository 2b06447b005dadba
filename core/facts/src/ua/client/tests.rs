//! Names and vendors of clients.

use super::*;

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
fn the_product_of_a_bot_has_a_version_after_a_slash_or_space() {
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
