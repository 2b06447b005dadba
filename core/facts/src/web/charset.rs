//! The text of a page in the character encoding that it declares.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Bytes at the beginning of a page that are searched for a declaration (HTML §13.2.3.2).
const PRESCAN: usize = 1024;

/// Decodes content: by its byte order mark, the `charset` of its media type, or its `meta` element;
/// otherwise as UTF-8, or Windows-1252 if it is not valid UTF-8.
pub fn decode(content: &[u8], content_type: Option<&str>) -> String {
    let declared = Encoding::for_bom(content)
        .map(|(encoding, _)| encoding)
        .or_else(|| content_type.and_then(charset))
        .or_else(|| {
            let head = &content[..content.len().min(PRESCAN)];
            charset(&String::from_utf8_lossy(head))
        });
    let encoding = declared.unwrap_or_else(|| match std::str::from_utf8(content) {
        Ok(_) => UTF_8,
        // A character cut off at the end does not count.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => WINDOWS_1252,
    });
    encoding.decode(content).0.into_owned()
}

/// The encoding after `charset=`.
fn charset(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once("charset=")?;
    let label = rest.trim_start_matches(['"', '\'', ' ']);
    let end = label
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | ':'))
        .unwrap_or(label.len());
    Encoding::for_label(&label.as_bytes()[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_the_declared_encoding() {
        for (content, content_type, expected) in [
            (&b"\xfc"[..], Some("text/html; charset=iso-8859-1"), "ü"),
            (b"\xc3\xbc", Some("text/html"), "ü"),
            (b"\xfc", None, "ü"),
            (b"\xc3\xbc\xc3", None, "ü\u{fffd}"),
            (
                b"<meta charset=\"windows-1251\">\xe0",
                None,
                "<meta charset=\"windows-1251\">а",
            ),
            (
                b"\xef\xbb\xbf\xc3\xbc",
                Some("text/html; charset=latin1"),
                "ü",
            ),
            (b"x", Some("text/html; charset=nonsense"), "x"),
        ] {
            assert_eq!(decode(content, content_type), expected);
        }
    }
}
