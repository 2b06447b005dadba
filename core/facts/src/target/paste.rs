//! Cleans up pasted names: removes what chats, browsers and security reports add to them.

use std::{borrow::Cow, net::IpAddr};

/// Extracts the name or address from a pasted text: removes link markup, URL parts, defanging and quotes. The result
/// is not validated.
///
/// `<https://example.com|example.com>` and `hxxps://example[.]com/a?b` are both `example.com`.
pub fn clean(text: &str) -> Cow<'_, str> {
    let text = text
        .trim()
        .trim_matches(['"', '\'', '`', '“', '”', '‘', '’']);
    // `Joe <joe@example.com>`, as mail clients copy it.
    let text = match text.rsplit_once('<') {
        Some((name, rest)) if !name.is_empty() && rest.ends_with('>') && rest.contains('@') => {
            &text[name.len()..]
        }
        _ => text,
    };
    let text = link_target(text);
    let text = refang(text);
    if let Some(address) = narrow_address(&text) {
        return Cow::Owned(address);
    }
    match host_of(&text) {
        Some(host) => Cow::Owned(host.to_owned()),
        None => text,
    }
}

/// The target of a Slack or Discord link (`<target|label>`) or a Markdown link (`[label](target)`).
fn link_target(text: &str) -> &str {
    if let Some(inner) = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
    {
        return inner.split_once('|').map_or(inner, |(target, _)| target);
    }
    match text
        .strip_suffix(')')
        .and_then(|rest| rest.split_once("]("))
    {
        Some((label, target)) if label.starts_with('[') => target,
        _ => text,
    }
}

/// An address with full-width digits, letters or colons, as East Asian keyboards write it, in ASCII: `８.８.８.８`. IDNA
/// maps them too, but an address is not read as a name. `None` for any other text.
fn narrow_address(text: &str) -> Option<String> {
    let is_wide = |c: char| matches!(c, '０'..='９' | 'Ａ'..='Ｆ' | 'ａ'..='ｆ' | '：');
    if !text.contains(is_wide) {
        return None;
    }

    let narrow = |c: char| match u32::from(c).checked_sub(0xfee0).and_then(char::from_u32) {
        Some(ascii) if is_wide(c) => ascii,
        _ => c,
    };
    let text: String = text.chars().map(narrow).collect();
    let address = text.strip_suffix('.').unwrap_or(&text);
    address
        .parse::<IpAddr>()
        .is_ok()
        .then(|| address.to_owned())
}

fn refang(text: &str) -> Cow<'_, str> {
    // The last three are East Asian full stops.
    const DEFANGED: [(&str, &str); 11] = [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("[:]", ":"),
        ("[@]", "@"),
        ("[at]", "@"),
        ("[://]", "://"),
        ("。", "."),
        ("．", "."),
        ("｡", "."),
    ];

    let mut text = Cow::Borrowed(text);

    for (defanged, original) in DEFANGED {
        if text.contains(defanged) {
            text = Cow::Owned(text.replace(defanged, original));
        }
    }

    for (defanged, original) in [("hxxps", "https"), ("hxxp", "http")] {
        if text
            .get(..defanged.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(defanged))
        {
            return Cow::Owned(format!("{original}{}", &text[defanged.len()..]));
        }
    }

    text
}

/// The host part of a URL, a mail address or a bracketed address; `None` for any other text.
fn host_of(text: &str) -> Option<&str> {
    let (rest, url) = match text.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => match text.strip_prefix("mailto:") {
            Some(rest) => (rest, true),
            None => (text, false),
        },
    };

    let authority = if url || rest.contains('/') && !is_network(rest) {
        rest.split(['/', '?', '#']).next().unwrap_or(rest)
    } else {
        rest
    };

    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = if let Some((inside, after)) =
        host.strip_prefix('[').and_then(|rest| rest.split_once(']'))
    {
        if after.is_empty() || after.starts_with(':') {
            inside
        } else {
            host
        }
    } else if url && host.matches(':').count() == 1 {
        host.split(':').next().unwrap_or(host)
    } else {
        host
    };

    (host != text).then_some(host)
}

/// Whether the text is a network such as `192.0.2.0/24`, whose slash must stay.
fn is_network(text: &str) -> bool {
    text.rsplit_once('/').is_some_and(|(address, length)| {
        length.parse::<u8>().is_ok() && address.parse::<std::net::IpAddr>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn extracts_the_host_from_pasted_text() {
        for (pasted, host) in [
            ("Example.COM.", "Example.COM."),
            ("https://example.com/path?q=1#f", "example.com"),
            ("https://example.com:8443/", "example.com"),
            ("http://user:secret@example.com/", "example.com"),
            ("user@example.com", "example.com"),
            ("mailto:user@example.com", "example.com"),
            ("1[.]1[.]1[.]1", "1.1.1.1"),
            ("hxxp://evil[.]example/x", "evil.example"),
            ("hXXps[:]//evil(.)example", "evil.example"),
            ("192。0。2。1", "192.0.2.1"),
            ("１９２.0.２．1。", "192.0.2.1"),
            ("２００１：ｄｂ８：：１", "2001:db8::1"),
            ("６４４９６", "６４４９６"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("https://[2001:db8::1]:443/", "2001:db8::1"),
            ("<https://example.com|example.com>", "example.com"),
            ("<mailto:a@example.com|a@example.com>", "example.com"),
            ("<https://example.com>", "example.com"),
            ("Joe <joe@example.com>", "example.com"),
            ("[example.com](https://example.com/)", "example.com"),
            ("`example.com`", "example.com"),
            ("“example.com”", "example.com"),
            ("example.com/path", "example.com"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(clean(pasted), host, "{pasted}");
        }
    }

    #[test]
    fn leaves_other_text_unchanged() {
        for text in [
            "",
            ".",
            "example.com:8080",
            "a b",
            "[unclosed",
            "<unclosed",
            "(x)",
            "192.0.2.0/33",
            "2001:db8::1",
            "\u{202e}",
        ] {
            let expected = if text == "192.0.2.0/33" {
                text
            } else {
                text.trim()
            };
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_markup_does_not_grow() {
        for part in ["<", "[", "](", "://", "@", "|", "[.]", "hxxp"] {
            let text = part.repeat(20_000);
            assert!(clean(&text).len() <= text.len() + 1, "{part}");
        }
    }
}
