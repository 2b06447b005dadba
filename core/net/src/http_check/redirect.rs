//! Where an answer redirects to (RFC 9110 §15.4).

use url::Url;

/// Longest redirect target, in bytes.
const MAX: usize = 4096;
/// Longest target that cannot be followed which is shown, in characters.
const MAX_SHOWN: usize = 200;

/// The target of a redirect; `None` if the answer is none. An error is a target that is not an http
/// or https URL, as it may be shown.
pub(super) fn target(
    status: u16,
    location: Option<&str>,
    base: &Url,
) -> Option<Result<Url, String>> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = location?;
    if location.len() > MAX {
        return Some(Err(format!("a URL of {} bytes", location.len())));
    }
    let Ok(mut url) = base.join(location) else {
        return Some(Err("something that is not a URL".into()));
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Some(Err(format!("a `{}:` URL", url.scheme())));
    }

    // Browsers keep the fragment of the first URL; it is never sent.
    let _ = (url.set_username(""), url.set_password(None));
    Some(Ok(url))
}

/// A redirect target that cannot be followed, as it may be shown; `None` if it may hold a password.
pub(super) fn shown(location: &str) -> Option<String> {
    match Url::parse(location) {
        Ok(url) if url.has_host() => Some(without_credentials(&url)),
        _ if location.contains('@') => None,
        _ => Some(location.to_owned()),
    }
    .map(|text| text.chars().take(MAX_SHOWN).collect())
}

/// A URL as it may be shown: without user name and password.
pub fn without_credentials(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = (shown.set_username(""), shown.set_password(None));
    shown.into()
}

/// A text without the user names and passwords of URLs in it: what is between `//` and `@`.
pub(super) fn hide_credentials(text: &str) -> String {
    let is_slash = |c: char| matches!(c, '/' | '\\');
    let ends_host = |c: char| is_slash(c) || c.is_whitespace() || "?#\"'<>,;".contains(c);
    let (mut shown, mut rest) = (String::new(), text);

    while let Some(start) = rest.find(is_slash) {
        // Clients take any number of slashes, in either direction.
        let (before, after) = rest.split_at(start);
        let slashes = after.len() - after.trim_start_matches(is_slash).len();
        shown.push_str(before);
        shown.push_str(&after[..slashes]);
        rest = &after[slashes..];

        let end = rest.find(ends_host).unwrap_or(rest.len());
        if let Some(at) = rest[..end].rfind('@').filter(|_| slashes > 1) {
            rest = &rest[at + 1..];
        }
    }

    shown.push_str(rest);
    shown
}

/// A URL for comparisons: its fragment is not sent to the server.
pub(super) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_the_target_against_the_url() {
        let base = Url::parse("https://example.com/a/b?c").expect("a URL");
        for (status, location, expected) in [
            (301, "/x", Some(Ok("https://example.com/x"))),
            (302, "x", Some(Ok("https://example.com/a/x"))),
            (303, "//other.example/", Some(Ok("https://other.example/"))),
            (
                307,
                "http://other.example",
                Some(Ok("http://other.example/")),
            ),
            (
                308,
                "https://u:p@other.example/",
                Some(Ok("https://other.example/")),
            ),
            (308, "?d", Some(Ok("https://example.com/a/b?d"))),
            (302, "ftp://other.example/", Some(Err("a `ftp:` URL"))),
            (302, "javascript:alert(1)", Some(Err("a `javascript:` URL"))),
            (302, "http://", Some(Err("something that is not a URL"))),
            (
                302,
                "http://[::1%25eth0]/",
                Some(Err("something that is not a URL")),
            ),
            (200, "/x", None),
            (300, "/x", None),
            (304, "/x", None),
        ] {
            let found = target(status, Some(location), &base);
            let found = found.map(|target| target.map(String::from));
            let expected = expected
                .map(|one: Result<&str, &str>| one.map(str::to_owned).map_err(str::to_owned));
            assert_eq!(found, expected, "{status} {location}");
        }
        assert_eq!(target(301, None, &base), None);
    }

    #[test]
    fn credentials_in_a_text_are_hidden() {
        for (text, expected) in [
            ("0;url=http://joe:pw@a.example/", "0;url=http://a.example/"),
            ("//joe:pw@a.example", "//a.example"),
            ("https:\\\\joe:p@w@a.example\\x", "https:\\\\a.example\\x"),
            (
                "<http://u:p@a.example/@x>; rel=next, <http://u:p@b.example>",
                "<http://a.example/@x>; rel=next, <http://b.example>",
            ),
            ("/path/user@example.com", "/path/user@example.com"),
            ("mail user@example.com", "mail user@example.com"),
            ("", ""),
        ] {
            assert_eq!(hide_credentials(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_target_is_not_shown() {
        let base = Url::parse("https://example.com/").expect("a URL");
        let found = target(301, Some(&"a".repeat(5000)), &base);
        assert_eq!(found, Some(Err("a URL of 5000 bytes".into())));
    }
}
