//! Arguments that are email addresses.

use std::fmt;

use netvane_facts::target::{Domain, Invalid, settled, text_value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::mailbox;

/// An email address with a domain name, or only a domain name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email {
    written: String,
    domain: String,
}

text_value!(Email, "Email", "an email address or a domain");

impl Email {
    /// Returns the domain as lower-case A-labels without final dot.
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Email {
    fn read(text: &str) -> Result<Self, Invalid> {
        if !text.contains('@') && mailbox::parse(text).is_err() {
            let domain = text.parse::<Domain>()?.to_string();
            return Ok(Self {
                written: domain.clone(),
                domain,
            });
        }
        let mailbox = mailbox::parse(text).map_err(|invalid| argument_error(text, invalid))?;
        match mailbox.domain_name() {
            Some(domain) => Ok(Self {
                written: mailbox.wire(),
                domain: domain.to_owned(),
            }),
            None => Err(Invalid::new(
                "an address with an IP literal names no domain to ask about",
            )),
        }
    }
}

fn argument_error(text: &str, invalid: mailbox::Invalid) -> Invalid {
    match invalid.part {
        Some(part) => Invalid::new(invalid.message).part(text, part),
        None => Invalid::new(invalid.message),
    }
}

/// An email address to the end of the line. What has the form of one but breaks a rule is kept, so
/// that it can be reported as invalid; what is none at all is an error.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailAddress(String);

impl MailAddress {
    /// Returns the address as sent over SMTP, or the text that breaks a rule.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        match mailbox::parse(text) {
            Ok(mailbox) => Ok(Self(mailbox.wire())),
            Err(_) if has_form_of_address(text) => Ok(Self(text.trim().to_owned())),
            Err(invalid) => Err(argument_error(text, invalid)),
        }
    }
}

/// Whether a text has one `@` with something on both sides, and could only be meant as an address.
fn has_form_of_address(text: &str) -> bool {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').unwrap_or_default();
    let is_one_word = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    text.len() <= 2048 && is_one_word && !local.is_empty() && domain.contains('.')
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for MailAddress {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        settled(text, Self::read)
    }
}

impl<'de> Deserialize<'de> for MailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse()
            .map_err(|invalid: Invalid| invalid.into_serde())
    }
}

impl Serialize for MailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for MailAddress {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MailAddress".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "netvane:MailAddress", "minLength": 1, "x-rest": true, "x-form": "an email address"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_breaks_a_rule_is_kept_and_other_text_is_an_error() {
        let read = |text: &str| text.parse::<MailAddress>().map(|read| read.to_string());

        assert_eq!(read("Bob <Bob@Example.com>"), Ok("Bob@example.com".into()));
        assert_eq!(read("bob[at]example.com,"), Ok("bob@example.com".into()));
        assert_eq!(read("a..b@example.com"), Ok("a..b@example.com".into()));
        for wrong in ["", "nonsense", "example.com", "a b", "ada@", "@example.com"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_addresses_and_bare_domains() {
        let read = |text: &str| {
            text.parse::<Email>()
                .map(|email| (email.to_string(), email.domain))
        };

        assert_eq!(
            read("Ada@Example.TEST"),
            Ok(("Ada@example.test".into(), "example.test".into()))
        );
        assert_eq!(
            read("Example.test."),
            Ok(("example.test".into(), "example.test".into()))
        );
        assert!(read("<ada@example.test>").is_ok());
        for wrong in [
            "ada@",
            "@example.test",
            "a b@example.test",
            "ada@[192.0.2.1]",
            "192.0.2.1",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
