//! A mail address, or only its domain.

use std::fmt;

use netvane_facts::target::{Domain, Invalid, text_value};

use super::mailbox;

/// A mail address with a domain name, or only a domain name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email {
    written: String,
    domain: String,
}

text_value!(Email, "Email", "a mail address, or its domain");

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
        if !text.contains('@') {
            let domain = text.parse::<Domain>()?.to_string();
            return Ok(Self {
                written: domain.clone(),
                domain,
            });
        }
        let mailbox = mailbox::parse(text).map_err(|invalid| match invalid.part {
            Some(part) => Invalid::new(invalid.message).part(text, part),
            None => Invalid::new(invalid.message),
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
