//! Brands and models of devices.

use super::*;

#[test]
fn finds_the_model_of_an_android_device() {
    for (text, expected) in [
        (
            "Mozilla/5.0 (Linux; Android 13; SM-A1 Build/TP1A)",
            Some("SM-A1"),
        ),
        ("Mozilla/5.0 (Linux; Android 13; SM-A1)", Some("SM-A1")),
        ("Mozilla/5.0 (Linux; U; Android 4.0; de-de; GT-I9100)", None),
        ("Mozilla/5.0 (Linux; Android 10; K)", None),
        ("Mozilla/5.0 (Android 14; Mobile; rv:143.0)", None),
        ("Mozilla/5.0 (Android 14; Tablet; rv:143.0)", None),
        ("Mozilla/5.0 (Linux; Android 10; wv)", None),
        ("Mozilla/5.0 (Linux; Android 10)", None),
        ("Mozilla/5.0 (Linux; Android 10; rv:143.0)", None),
        ("Android ", None),
        ("Android ; ", None),
        ("iPhone", None),
        ("", None),
    ] {
        assert_eq!(android_model(text), expected, "{text}");
    }

    let long = format!("(Linux; Android 13; {})", "a".repeat(40));
    assert_eq!(android_model(&long), None);
    assert_eq!(android_model("(Linux; Android 13; é-ü)"), Some("é-ü"));
}

#[test]
fn finds_the_brand() {
    for (text, model, expected) in [
        ("Linux; Android 13", Some("SM-S901B"), Some("Samsung")),
        ("Linux; Android 13", Some("Pixel 8"), Some("Google")),
        ("Linux; Android 13", Some("CUBOT X"), Some("Cubot")),
        ("Linux; Android 13", Some("Unheard Of"), None),
        // Model prefixes are used for Android only.
        ("Windows", Some("SM-S901B"), None),
        ("PlayStation 5", None, Some("Sony")),
        ("(Web0S; Linux/SmartTV)", None, Some("LG")),
        ("(iPhone; CPU)", None, Some("Apple")),
        ("", None, None),
    ] {
        assert_eq!(maker(text, model), expected, "{text}");
    }
}

#[test]
fn placeholders_are_no_brand() {
    for word in [
        "Generic",
        "Generic_Android",
        "Spider",
        "Smartphone",
        "Tablet",
        "K",
        "Other",
    ] {
        assert!(is_placeholder(word), "{word}");
    }
    for word in ["Samsung", "KDDI", "", "Tablet 7"] {
        assert!(!is_placeholder(word), "{word}");
    }
    assert_eq!(of("nothing", None, None), Device::default());
}
