//! A URL to request: with a scheme, or only a host and path.

use std::fmt;

use netvane_facts::target::{Host, Invalid, text_value};
use url::Url;

/// An http or https URL without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebUrl {
    url: Url,
    host: Host,
    /// Whether the scheme was given; otherwise https is tried first.
    has_scheme: bool,
}

text_value!(WebUrl, "WebUrl", "a URL or a host", "target");

/// Longest URL, in bytes.
const MAX: usize = 2048;

impl WebUrl {
    /// The URL; https if no scheme was given.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host of the URL.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The URL with http, if no scheme was given.
    pub fn plain(&self) -> Option<Url> {
        let mut url = self.url.clone();
        (!self.has_scheme && url.set_scheme("http").is_ok()).then_some(url)
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let text = link(
            text.trim()
                .trim_matches(['"', '\'', '`', '“', '”', '‘', '’']),
        );
        let text = text.replace("[.]", ".").replace("[:]", ":");
        if text.len() > MAX {
            return Err(Invalid::new(format!(
                "a URL may have at most {MAX} characters"
            )));
        }

        // Browsers take it for a slash, so what is before the host is not what it looks like.
        if text.contains('\\') {
            return Err(Invalid::new("a backslash is not allowed in a URL"));
        }

        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
            _ => (None, text.as_str()),
        };
        let scheme_name = match scheme.as_deref() {
            None | Some("https" | "hxxps") => "https",
            Some("http" | "hxxp") => "http",
            Some(_) => return Err(Invalid::new("expected an http or https URL")),
        };

        // Never repeated in an error: they may be a password.
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        if authority.contains('@') {
            return Err(Invalid::new(
                "a URL must not contain a user name or password",
            ));
        }

        let url = Url::parse(&format!("{scheme_name}://{rest}"))
            .map_err(|error| Invalid::new(format!("not a valid URL: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Invalid::new(
                "a URL must not contain a user name or password",
            ));
        }
        let host = host(&url, authority)?;

        Ok(Self {
            url,
            host,
            has_scheme: scheme.is_some(),
        })
    }
}

/// The host, read as in any other command, so that deceptive names get the same errors.
fn host(url: &Url, authority: &str) -> Result<Host, Invalid> {
    match url.host() {
        Some(url::Host::Ipv6(address)) => Ok(Host::Address(address.into())),
        Some(url::Host::Ipv4(address)) => {
            // `http://2130706433/`: URLs allow it, and people are deceived by it.
            let written = authority
                .rsplit_once(':')
                .map_or(authority, |(host, _)| host);
            match written.trim_end_matches('.').parse::<std::net::Ipv4Addr>() {
                Ok(_) => Ok(Host::Address(address.into())),
                Err(_) => Err(Invalid::new(
                    "expected four decimal numbers, as in 192.0.2.1",
                )),
            }
        }
        Some(url::Host::Domain(_)) => {
            let written = authority
                .rsplit_once(':')
                .map_or(authority, |(host, _)| host);
            written.parse::<Host>()
        }
        None => Err(Invalid::new("expected a host name or an IP address")),
    }
    .map_err(|invalid| Invalid {
        part: None,
        value: None,
        ..invalid
    })
}

/// The target of a link of Slack, Discord or Markdown.
fn link(text: &str) -> &str {
    if let Some(inner) = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
    {
        return inner.split('|').next().unwrap_or(inner);
    }
    match text
        .strip_suffix(')')
        .and_then(|rest| rest.split_once("]("))
    {
        Some((label, target)) if label.starts_with('[') => target,
        _ => text,
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.url.as_str();
        if self.has_scheme {
            return f.write_str(text);
        }
        let bare = text.strip_prefix("https://").unwrap_or(text);
        let is_root =
            self.url.path() == "/" && self.url.query().is_none() && self.url.fragment().is_none();
        f.write_str(if is_root {
            bare.trim_end_matches('/')
        } else {
            bare
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_urls_as_people_paste_them() {
        for (text, canonical, url) in [
            ("example.com", "example.com", "https://example.com/"),
            (
                "Example.com/Path?q#f",
                "example.com/Path?q#f",
                "https://example.com/Path?q#f",
            ),
            (
                "http://example.com",
                "http://example.com/",
                "http://example.com/",
            ),
            (
                "HTTPS://example.com:443/",
                "https://example.com/",
                "https://example.com/",
            ),
            (
                "example.com:8080",
                "example.com:8080",
                "https://example.com:8080/",
            ),
            (
                "hxxps://example[.]com/x",
                "https://example.com/x",
                "https://example.com/x",
            ),
            (
                "<https://example.com/|example.com>",
                "https://example.com/",
                "https://example.com/",
            ),
            (
                "[text](https://example.com/)",
                "https://example.com/",
                "https://example.com/",
            ),
            (
                "http://[2001:db8::1]:8080/",
                "http://[2001:db8::1]:8080/",
                "http://[2001:db8::1]:8080/",
            ),
            ("192.0.2.1/x", "192.0.2.1/x", "https://192.0.2.1/x"),
            (
                "example.com/http://other",
                "example.com/http://other",
                "https://example.com/http://other",
            ),
            (
                "https://bücher.example/",
                "https://xn--bcher-kva.example/",
                "https://xn--bcher-kva.example/",
            ),
            (
                "https://example.com/a@b",
                "https://example.com/a@b",
                "https://example.com/a@b",
            ),
        ] {
            let value: WebUrl = text.parse().unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert_eq!(value.to_string(), canonical, "{text}");
            assert_eq!(value.url().as_str(), url, "{text}");
            assert_eq!(canonical.parse(), Ok(value), "{canonical}");
        }
    }

    #[test]
    fn credentials_are_an_error_that_does_not_repeat_them() {
        for text in [
            "https://user:secret@example.com/",
            "https://secret@example.com",
            "user:secret@example.com/path",
            "https:///secret@example.com",
            "https:\\\\secret@example.com",
            "https://:secret@example.com",
            "ftp://user:secret@example.com",
            "https://user:sec\\ret:secret@example.com",
        ] {
            if let Err(invalid) = text.parse::<WebUrl>() {
                assert!(
                    !format!("{invalid:?}").contains("secret"),
                    "{text}: {invalid:?}"
                );
            } else {
                panic!("{text} is accepted");
            }
        }
    }

    #[test]
    fn rejects_what_is_no_url() {
        for text in [
            "",
            "://",
            "https://",
            "ftp://example.com/",
            "file:///etc/passwd",
            "http://[fe80::1%25eth0]/",
            "http://example.com:99999/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://exa mple.com/",
            "http://a..b/",
            &format!("http://example.com/{}", "a".repeat(3000)),
        ] {
            assert!(text.parse::<WebUrl>().is_err(), "{text}");
        }
    }
}
