//! Decodes the bytes of a whois answer.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, ISO_2022_JP, ISO_8859_2, ISO_8859_5, ISO_8859_7,
    ISO_8859_13, KOI8_U, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
    WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};

/// Encodings that chardetng, the detector of whois-rust, reports for damaged UTF-8.
const WRONG_GUESSES: [&Encoding; 8] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1251,
    WINDOWS_1254,
    WINDOWS_1257,
    WINDOWS_1253,
    ISO_8859_2,
    KOI8_U,
];

/// Returns the bytes to [`decode`] for a text that whois-rust has already decoded: the original bytes if they were
/// UTF-8 with a damaged character, or else the bytes of the text.
///
/// The crate accepts only text that is entirely valid UTF-8. One field that a registrar truncated inside a character
/// turns all names of the answer into "Ã¼" and the like, which can be undone without loss.
pub fn as_sent(text: String) -> Vec<u8> {
    if text.is_ascii() {
        return text.into_bytes();
    }

    for encoding in WRONG_GUESSES {
        let (bytes, _, lossy) = encoding.encode(&text);
        // Valid UTF-8 is never decoded wrongly, so in that case the server sent the text like this.
        if !lossy && std::str::from_utf8(&bytes).is_err() && mostly_utf8(&bytes) {
            return bytes.into_owned();
        }
    }
    text.into_bytes()
}

/// Encodings of registries that do not send UTF-8, by top-level domain. If several are possible, the one in which the
/// text has the most plausible letters is used.
#[rustfmt::skip]
const BY_TLD: &[(&[&str], &[&Encoding])] = &[
    (&["ru", "su", "by", "kz", "kg", "uz", "tj", "md", "am", "ge", "xn--p1ai", "moscow"], &[WINDOWS_1251, KOI8_U, ISO_8859_5, WINDOWS_1252]),
    (&["ua", "xn--j1amh"], &[KOI8_U, WINDOWS_1251]),
    (&["bg", "rs", "mk", "me", "xn--90a3ac", "xn--d1alf", "xn--90ae"], &[WINDOWS_1251, WINDOWS_1250, ISO_8859_5, KOI8_U]),
    (&["pl", "cz", "sk", "hu", "ro", "si", "hr", "ba", "al"], &[ISO_8859_2, WINDOWS_1250]),
    (&["tr", "az"], &[WINDOWS_1254]),
    (&["gr", "cy", "xn--qxam"], &[ISO_8859_7, WINDOWS_1253]),
    (&["lt", "lv", "ee"], &[WINDOWS_1257, ISO_8859_13]),
    (&["il", "xn--4dbrk0ce"], &[WINDOWS_1255]),
    (&["ae", "sa", "eg", "qa", "kw", "om", "jo", "sy", "ir", "iq", "ly", "ps"], &[WINDOWS_1256]),
    (&["th", "xn--o3cw4h"], &[WINDOWS_874]),
    (&["vn"], &[WINDOWS_1258]),
    (&["kr", "xn--3e0b707e"], &[EUC_KR]),
    (&["jp"], &[EUC_JP, SHIFT_JIS]),
    (&["tw", "hk", "mo", "xn--kpry57d", "xn--kprw13d", "xn--j6w193g"], &[BIG5]),
    (&["cn", "xn--fiqs8s", "xn--fiqz9s"], &[GB18030]),
];

/// Decodes an answer about an object; the top-level domain of a name tells the encoding of its registry, if the answer
/// is not UTF-8 and does not declare one. Otherwise like [`decode`].
pub fn decode_for(query: &str, bytes: &[u8]) -> String {
    let tld = query
        .trim_end_matches('.')
        .rsplit('.')
        .next()
        .unwrap_or_default();
    let tld = tld.to_ascii_lowercase();
    let hints = BY_TLD
        .iter()
        .find(|(tlds, _)| tlds.contains(&tld.as_str()))
        .map_or(&[][..], |(_, encodings)| *encodings);
    decode_with(hints, bytes)
}

/// Decodes an answer as UTF-8, or else with the declared charset, the charset detected from the bytes, or
/// Windows-1252.
///
/// Never fails; invalid bytes become U+FFFD. Control characters except line breaks and tabs are removed, so that a
/// reply cannot control a terminal.
pub fn decode(bytes: &[u8]) -> String {
    decode_with(&[], bytes)
}

fn decode_with(hints: &[&'static Encoding], bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        // Seven-bit text with escape sequences is Japanese.
        Ok(text) if !is_iso_2022_jp(bytes) => text.to_owned(),
        _ => guess(hints, bytes)
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    };
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn guess(hints: &[&'static Encoding], bytes: &[u8]) -> &'static Encoding {
    if is_iso_2022_jp(bytes) {
        return ISO_2022_JP;
    }
    if let Some(encoding) = declared_encoding(bytes) {
        return encoding;
    }
    // An answer truncated inside a character is still UTF-8.
    if mostly_utf8(bytes) {
        return UTF_8;
    }
    let hinted = hints
        .iter()
        .rev()
        .filter_map(|encoding| Some((plausibility(encoding, bytes)?, *encoding)))
        .max_by_key(|(letters, _)| *letters);
    if let Some((_, encoding)) = hinted {
        return encoding;
    }
    let best = [EUC_JP, SHIFT_JIS, EUC_KR, BIG5, GB18030]
        .into_iter()
        .map(|encoding| (score(encoding, bytes), encoding));
    match best.max_by_key(|(score, _)| *score) {
        Some((score, encoding)) if score > 0 => encoding,
        _ => WINDOWS_1252,
    }
}

/// How much a decoded text looks like words: letters count for it, other signs and capital letters inside words against
/// it. `None` if the bytes are invalid in the encoding.
fn plausibility(encoding: &'static Encoding, bytes: &[u8]) -> Option<i64> {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    let mut previous = ' ';
    let mut total = 0;
    for c in text.chars() {
        if !c.is_ascii() {
            total += if !c.is_alphabetic() {
                -2
            } else if c.is_uppercase() && previous.is_lowercase() {
                -1
            } else {
                1
            };
        }
        // `ûîÒÌÁ` is text of another encoding: small letters before capital ones.
        total -= i64::from(c.is_lowercase() && !c.is_ascii() && !previous.is_alphabetic());
        previous = c;
    }
    (!lossy).then_some(total)
}

fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .any(|w| matches!(w, [0x1b, b'$', b'B' | b'@'] | [0x1b, b'(', b'J']))
}

/// The declared charset: `charset: euc-kr` or `% encoding: iso-8859-1` in the first 4 KiB.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_lowercase();
    ["charset", "encoding"].iter().find_map(|word| {
        let (_, rest) = head.split_once(word)?;
        let label = rest
            .trim_start_matches([':', '=', ' ', '"'])
            .split(|c: char| c.is_whitespace() || "\";,.)".contains(c))
            .next()?;
        Encoding::for_label(label.as_bytes())
            .filter(|encoding| *encoding != UTF_8 && encoding.is_ascii_compatible())
    })
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let chunks = bytes.utf8_chunks();
    let (mut good, mut bad) = (0, 0);
    for chunk in chunks {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 10 * bad
}

/// How many characters of a text are common East Asian ones in an encoding; zero if a byte is invalid in it.
///
/// European text has single accented letters between ASCII letters, but East Asian text has runs of characters.
fn score(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let sample = &bytes[..bytes.len().min(16 * 1024)];
    let (text, broken) = encoding.decode_without_bom_handling(sample);
    if broken {
        return 0;
    }

    let (mut common, mut wide, mut run, mut lonely) = (0usize, 0usize, 0usize, 0usize);

    for c in text.chars().chain(['\n']) {
        if c.is_ascii() {
            lonely += usize::from(run == 1);
            run = 0;
            continue;
        }
        run += 1;
        wide += 1;
        let is_common = match c {
            '\u{3040}'..='\u{30ff}' => encoding == EUC_JP || encoding == SHIFT_JIS,
            '\u{ac00}'..='\u{d7a3}' => encoding == EUC_KR,
            '\u{4e00}'..='\u{9fa5}' => encoding != EUC_KR,
            '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff5e}' => true,
            _ => false,
        };
        common += usize::from(is_common);
    }

    // Kana and hangul are conclusive; ideographs are valid in several encodings, of which the simplest script wins.
    let sure = text
        .chars()
        .filter(|c| matches!(c, '\u{3040}'..='\u{309f}' | '\u{30a0}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}'))
        .count();

    if common * 10 < wide * 8 || lonely * 2 > wide {
        0
    } else {
        common + sure
    }
}

#[cfg(test)]
mod tests {
    use super::{as_sent, decode};
    use encoding_rs::{
        EUC_KR, GB18030, ISO_2022_JP, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252, WINDOWS_1254,
    };

    #[test]
    fn restores_damaged_utf8_that_was_decoded_wrongly() {
        let german = "person: Jörg Müller\ncity: Zürich, Straße der Märzgefallenen, Österreich\n";
        let russian = "org: Общество с ограниченной ответственностью\n";
        for (text, wrong) in [
            (german, WINDOWS_1252),
            (german, WINDOWS_1254),
            (russian, WINDOWS_1252),
            (russian, WINDOWS_1251),
        ] {
            let sent = [text.repeat(2).as_bytes(), b"city: Gr\xfc"].concat();
            let guessed = wrong.decode_without_bom_handling(&sent).0.into_owned();
            assert_ne!(
                decode(guessed.as_bytes()),
                decode(&sent),
                "the wrong encoding changes the text"
            );
            assert_eq!(as_sent(guessed), sent, "{}", wrong.name());
            assert_eq!(decode(&sent), format!("{}city: Gr\u{fffd}", text.repeat(2)));
        }
    }

    #[test]
    fn leaves_correctly_decoded_text_unchanged() {
        let double = "person: JÃ¶rg MÃ¼ller, StraÃŸe, Ã–sterreich\n";
        for text in [
            "plain\n",
            "person: Jörg Müller\n",
            "Nazwa: Spółka z ograniczoną odpowiedzialnością\n",
            "персона: Иван Иванович\n",
            "[登録者名] 株式会社サンプル\n",
            double, // a server may send this
        ] {
            assert_eq!(as_sent(text.to_owned()), text.as_bytes());
        }
    }

    #[test]
    fn detects_encodings_and_removes_control_characters() {
        let japanese = "[登録者名] 株式会社サンプル\n[Name Server] ns1.example.jp\n";
        let korean = "등록인 : 예제 주식회사\n도메인이름 : example.kr\n";
        let chinese =
            "Registrant: 北京示例信息技术有限公司\nSponsoring Registrar: 示例科技股份有限公司\n";
        assert_eq!(decode(japanese.as_bytes()), japanese);
        assert_eq!(decode(&ISO_2022_JP.encode(japanese).0), japanese);
        assert_eq!(decode(&SHIFT_JIS.encode(japanese).0), japanese);
        assert_eq!(decode(&EUC_KR.encode(korean).0), korean);
        assert_eq!(decode(&GB18030.encode(chinese).0), chinese);
        assert_eq!(
            decode(b"person: J\xf6rg M\xfcller\r\ncity: Z\xfcrich\r\n"),
            "person: Jörg Müller\ncity: Zürich\n"
        );
        assert_eq!(
            decode(b"org: Soci\xe9t\xe9 d'\xe9l\xe8ves\n"),
            "org: Société d'élèves\n"
        );
        assert_eq!(decode(b"a\x1b[31mb\0\x07"), "a[31mb");
        assert_eq!(decode(b""), "");
    }
}
