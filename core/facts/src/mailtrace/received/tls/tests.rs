//! What each server's comment says about encryption.

use super::*;
use crate::mailtrace::received;

/// `version cipher verified` with `-` for an absent value; `none` for a comment about something else.
fn of(text: &str) -> String {
    of_comment(text).map_or_else(|| "none".to_owned(), |tls| show(&tls))
}

fn show(tls: &ReceivedTls) -> String {
    let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let verified = tls
        .verified
        .map_or_else(|| "-".to_owned(), |yes| yes.to_string());
    format!("{} {} {verified}", text(&tls.version), text(&tls.cipher))
}

/// Comments, and what is read from them.
const COMMENTS: &[(&str, &str)] = &[
    (
        "using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
        "TLSv1.3 TLS_AES_256_GCM_SHA384 -",
    ),
    (
        "using TLSv1 with cipher RC4-MD5 (128/128 bits)",
        "TLSv1 RC4-MD5 -",
    ),
    ("using TLSv1.2", "TLSv1.2 - -"),
    ("using TLS", "- - -"),
    ("using SMTP", "none"),
    (
        r#"Client CN "mx.example", Issuer "CA" (verified OK)"#,
        "- - true",
    ),
    (
        r#"Client CN "mx.example", Issuer "CA" (not verified)"#,
        "- - false",
    ),
    ("No client certificate requested", "- - -"),
    ("Client certificate not present", "- - -"),
    (
        "version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128",
        "TLSv1.3 TLS_AES_128_GCM_SHA256 -",
    ),
    (
        "version=TLSv1.2, cipher=ECDHE-RSA-AES128-SHA256, bits=128, verify=OK",
        "TLSv1.2 ECDHE-RSA-AES128-SHA256 true",
    ),
    (
        "version=TLSv1/SSLv3 cipher=DHE-RSA-AES256-SHA bits=256 verify=NO",
        "TLSv1/SSLv3 DHE-RSA-AES256-SHA -",
    ),
    (
        "version=TLSv1.1 cipher=AES256-SHA verify=FAIL",
        "TLSv1.1 AES256-SHA false",
    ),
    (
        "version=TLSv1.1 cipher=AES256-SHA verify=NOT",
        "TLSv1.1 AES256-SHA -",
    ),
    ("cipher=OTHER", "none"),
    ("version=bogus", "none"),
    ("version: TLS", "none"),
    (
        "TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256",
        "TLSv1.2 ECDHE_RSA_AES_256_GCM_SHA384 -",
    ),
    (
        "TLSv1.3:AEAD-AES256-GCM-SHA384:256:NO",
        "TLSv1.3 AEAD-AES256-GCM-SHA384 -",
    ),
    ("X=TLS1.2:AES256-SHA:256", "TLSv1.2 AES256-SHA -"),
    ("TLS1.3", "TLSv1.3 - -"),
    ("TLSv1.3 with something", "TLSv1.3 - -"),
    ("TLS", "- - -"),
    ("SSL", "- - -"),
    ("SSLv3:RC4-MD5:128", "SSLv3 RC4-MD5 -"),
    // Courier.
    ("SSL: TLSv1/SSLv3,128bits,RC4-MD5", "TLSv1/SSLv3 RC4-MD5 -"),
    (
        "AUTH: LOGIN tls: x, TLS: TLSv1.2,256bits,AES256-SHA",
        "TLSv1.2 AES256-SHA -",
    ),
    ("AUTH: LOGIN bob", "none"),
    ("TLS: nonsense,1bits,x", "none"),
    // Exim with an old GnuTLS.
    ("TLS-1.0:RSA_ARCFOUR_SHA:16", "TLS 1.0 RSA_ARCFOUR_SHA -"),
    ("TLS-9.0:RSA_ARCFOUR_SHA:16", "none"),
    ("SSL-3.0:RSA_ARCFOUR_SHA:16", "SSLv3 RSA_ARCFOUR_SHA -"),
    ("Cipher TLSv1:DES-CBC3-SHA:168", "TLSv1 DES-CBC3-SHA -"),
    ("tlsfoo", "none"),
    ("DHE-RSA-AES256-SHA encrypted", "- DHE-RSA-AES256-SHA -"),
    ("x encrypted", "none"),
    (" encrypted", "none"),
    ("", "none"),
    ("Exim 4.96", "none"),
    ("Postfix", "none"),
    ("authenticated bits=0", "none"),
    ("ünïcode", "none"),
];

#[test]
fn reads_every_servers_comment() {
    for &(text, expected) in COMMENTS {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn the_letter_s_means_tls() {
    for word in [
        "ESMTPS",
        "SMTPS",
        "esmtpsa",
        "LMTPS",
        "UTF8SMTPS",
        "utf8lmtpsa",
        "HTTPS",
        "POP3S",
        "imaps",
    ] {
        assert!(implied(word), "{word}");
    }

    for word in [
        "ESMTP",
        "ESMTPA",
        "SMTP",
        "",
        "S",
        "ESMTPSS",
        "Microsoft SMTP Server",
        "PIPES",
        "sesmtp",
    ] {
        assert!(!implied(word), "{word}");
    }
}

#[test]
fn normalizes_tls_versions() {
    for (text, expected) in [
        ("TLS1_2", Some("TLSv1.2")),
        ("TLSv1_3", Some("TLSv1.3")),
        ("tls1.0", Some("TLSv1.0")),
        ("TLSv1", Some("TLSv1")),
        ("TLSv1.2,", Some("TLSv1.2")),
        ("SSLv3", Some("SSLv3")),
        ("SSLv23", Some("SSLv23")),
        ("tlsv1/sslv3", Some("tlsv1/sslv3")),
        ("TLSv1.4", None),
        ("TLSv2", None),
        ("TLS", None),
        ("SSLv4", None),
        ("DTLS1.2", None),
        ("", None),
    ] {
        assert_eq!(version(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_cipher_is_a_plain_word() {
    assert_eq!(cipher("AES").as_deref(), Some("AES"));
    assert_eq!(cipher("AES256-SHA;").as_deref(), Some("AES256-SHA"));
    assert!(cipher(&"A".repeat(80)).is_some());
    for text in [
        "",
        "AE",
        "Other",
        "a b",
        "<script>",
        "AES\n",
        "é256-SHA",
        &"A".repeat(81),
    ] {
        assert_eq!(cipher(text), None, "{text}");
    }
}

#[test]
fn a_line_is_searched_in_every_place() {
    for (text, expected) in [
        (
            "by mx.example with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96)",
            "TLSv1.3 TLS_AES_256_GCM_SHA384 -",
        ),
        (
            "by mx.example with ECDHE-RSA-AES256-GCM-SHA384 encrypted SMTP",
            "- ECDHE-RSA-AES256-GCM-SHA384 -",
        ),
        ("by mx.example with ESMTP/TLS/AES256-SHA", "- AES256-SHA -"),
        ("by mx.example with ESMTP/TLS", "- - -"),
        ("by mx.example with STARTTLS", "- - -"),
        ("by mx.example with ESMTP-TLS", "- - -"),
        ("by mx.example with ESMTPS", "- - -"),
        ("by mx.example with ESMTP", "none"),
        (
            "from a.example (using TLSv1.2 with cipher AES256-SHA (256/256 bits)) (Client CN \"a\" (verified OK)) by mx.example with ESMTPS",
            "TLSv1.2 AES256-SHA true",
        ),
        // The first that says it counts.
        (
            "by mx.example (version=TLSv1.2 cipher=AES256-SHA) with ESMTPS (TLS1.3)",
            "TLSv1.2 AES256-SHA -",
        ),
        // A host named tls.
        ("from tls by tls with SMTP", "none"),
    ] {
        let line = received::parse(&format!("{text}; 5 Oct 2026 07:00:00 +0000"));
        let found = line.tls.as_ref().map_or_else(|| "none".to_owned(), show);
        assert_eq!(found, expected, "{text}");
    }
}
