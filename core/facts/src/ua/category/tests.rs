//! Tests of the categories of clients.

use super::*;

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
