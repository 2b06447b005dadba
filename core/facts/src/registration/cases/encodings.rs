//! Answers in legacy encodings, by top-level domain.

use super::super::whois::decode_for;

#[test]
fn the_top_level_domain_selects_the_encoding() {
    use encoding_rs::{
        BIG5, EUC_KR, GBK, ISO_8859_2, KOI8_R, WINDOWS_1250, WINDOWS_1251, WINDOWS_1254,
    };
    for (query, encoding, text) in [
        ("firma.ru", KOI8_R, "org: Фирма Пример\n"),
        ("firma.ru", WINDOWS_1251, "org: Фирма Пример\n"),
        ("firma.pl", ISO_8859_2, "REGISTRAR:\nSpółka Łąka\n"),
        ("firma.cz", WINDOWS_1250, "org: Žluťoučký kůň\n"),
        ("firma.hu", ISO_8859_2, "org: Őrült Művek\n"),
        (
            "firma.com.tr",
            WINDOWS_1254,
            "Registrant:\n   Işık Şirketi\n",
        ),
        ("firma.kr", EUC_KR, "등록인 : 예제\n"),
        ("firma.tw", BIG5, "Registrant: 範例公司\n"),
        ("firma.cn", GBK, "Registrant: 示例公司\n"),
    ] {
        let bytes = encoding.encode(text).0;
        assert_eq!(
            decode_for(query, &bytes),
            text,
            "{query} in {}",
            encoding.name()
        );
    }
    assert_eq!(decode_for("firma.de", b"org: M\xfcller\n"), "org: Müller\n");
    assert_eq!(
        decode_for("firma.com", "org: Müller\n".as_bytes()),
        "org: Müller\n"
    );
}
