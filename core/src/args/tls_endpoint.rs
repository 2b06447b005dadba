//! A server with TLS: a host, a host with a port, or a URL whose scheme gives the port.

use std::fmt;

use netvane_facts::target::{Endpoint, Host, Invalid, text_value};
use netvane_net::tls_check::StartTls;

/// The server that `tls` connects to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsEndpoint(pub Endpoint);

text_value!(
    TlsEndpoint,
    "TlsEndpoint",
    "a host, host:port or URL",
    "target"
);

/// Schemes of URLs and the ports that they stand for.
const SCHEMES: [(&str, u16); 21] = [
    ("https", 443),
    ("http", 443),
    ("wss", 443),
    ("ws", 443),
    ("tls", 443),
    ("ssl", 443),
    ("smtp", 25),
    ("smtps", 465),
    ("submission", 587),
    ("submissions", 465),
    ("imap", 143),
    ("imaps", 993),
    ("pop3", 110),
    ("pop3s", 995),
    ("ldap", 389),
    ("ldaps", 636),
    ("xmpp", 5222),
    ("xmpps", 5223),
    ("ftps", 990),
    ("postgres", 5432),
    ("postgresql", 5432),
];

impl TlsEndpoint {
    /// The host to connect to.
    pub fn host(&self) -> &Host {
        &self.0.host
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let text = text
            .trim()
            .trim_matches(['"', '\'', '`', '“', '”', '‘', '’']);
        // A link of a chat: `<https://example.com|example.com>`.
        let text = match text
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
        {
            Some(link) => link.split('|').next().unwrap_or(link),
            None => text,
        };

        let Some((scheme, rest)) = text.split_once("://") else {
            // An address with a slash would be a network.
            let authority = text.split(['/', '?', '#']).next().unwrap_or(text);
            return authority.parse().map(Self);
        };
        let scheme = scheme.to_ascii_lowercase().replacen("hxxp", "http", 1);
        let usual = SCHEMES.iter().find(|(name, _)| *name == scheme);
        let Some((_, usual)) = usual else {
            return Err(Invalid::new(
                "expected a host, host:port or a URL such as https://example.com",
            ));
        };

        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        // A user name and password have no part in this, and are not shown.
        let authority = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let mut endpoint: Endpoint = authority.parse()?;
        if *usual != 443 {
            endpoint.port.get_or_insert(*usual);
        }
        Ok(Self(endpoint))
    }
}

impl fmt::Display for TlsEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The protocol in which TLS is started, or `none` if the connection begins with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StartTlsChoice(pub Option<StartTls>);

impl StartTlsChoice {
    const FORM: &'static str = "expected smtp, imap, pop3, xmpp, postgres, ldap or none";

    fn read(text: &str) -> Result<Self, Invalid> {
        match text.trim().to_ascii_lowercase().as_str() {
            "none" | "no" | "off" | "false" => Ok(Self(None)),
            "postgresql" => Ok(Self(Some(StartTls::Postgres))),
            "submission" | "lmtp" => Ok(Self(Some(StartTls::Smtp))),
            name => StartTls::ALL
                .into_iter()
                .find(|protocol| protocol.as_str() == name)
                .map(|protocol| Self(Some(protocol)))
                .ok_or_else(|| Invalid::new(Self::FORM)),
        }
    }
}

impl fmt::Display for StartTlsChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.map_or("none", StartTls::as_str))
    }
}

impl<'de> serde::Deserialize<'de> for StartTlsChoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom(Self::FORM))?;
        Self::read(&text).map_err(Invalid::into_serde)
    }
}

impl serde::Serialize for StartTlsChoice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for StartTlsChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StartTls".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = StartTls::ALL.map(StartTls::as_str);
        let names: Vec<&str> = names.into_iter().chain(["none"]).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_host_and_port() {
        for (text, canonical) in [
            ("example.com", "example.com"),
            ("example.com:8443", "example.com:8443"),
            ("https://Example.com/path?q", "example.com"),
            ("https://example.com:8443/path", "example.com:8443"),
            ("hxxps://example[.]com/", "example.com"),
            ("<https://example.com|example.com>", "example.com"),
            ("https://user:secret@example.com/", "example.com"),
            ("imaps://mail.example.com", "mail.example.com:993"),
            ("smtp://mail.example.com", "mail.example.com:25"),
            ("example.com/path", "example.com"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("[2001:db8::1]:993", "[2001:db8::1]:993"),
            ("https://[2001:db8::1]/", "[2001:db8::1]"),
            ("192.0.2.1:465", "192.0.2.1:465"),
        ] {
            let value: TlsEndpoint = text.parse().unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert_eq!(value.to_string(), canonical, "{text}");
            assert_eq!(canonical.parse(), Ok(value), "{canonical}");
        }
    }

    #[test]
    fn rejects_what_is_no_server() {
        for text in [
            "",
            "://",
            "gopher://example.com",
            "example.com:0",
            "example.com:70000",
            "https://",
            "a b",
        ] {
            let invalid = text.parse::<TlsEndpoint>().expect_err(text);
            assert!(!invalid.message.is_empty());
        }
        let secret = "foo://user:secret@example.com".parse::<TlsEndpoint>();
        assert!(!format!("{secret:?}").contains("secret"));
    }
}
