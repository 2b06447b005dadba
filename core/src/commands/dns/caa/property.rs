//! One property of a CAA record set, and what it means for certificate authorities.

/// A property of a CAA record (RFC 8659 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    /// The critical flag: a CA that does not know the property must not issue.
    critical: bool,
    /// The tag in lower case, such as `issue`; `?` for a record that is no CAA record on the wire.
    pub(super) tag: String,
    /// The value without its quotes, escaped as in a zone file.
    pub(super) value: String,
}

impl Property {
    /// Reads the presentation format: flags, tag and value, or `\\#` for a malformed record.
    pub(super) fn read(data: &str) -> Self {
        let mut words = data.splitn(3, ' ');
        let [flags, tag, value] = std::array::from_fn(|_| words.next().unwrap_or_default());
        let Ok(flags) = flags.parse::<u8>() else {
            return Self {
                critical: false,
                tag: "?".to_owned(),
                value: data.to_owned(),
            };
        };

        let value = value.strip_prefix('"').unwrap_or(value);
        Self {
            critical: flags & 0x80 != 0,
            tag: tag.to_ascii_lowercase(),
            value: value.strip_suffix('"').unwrap_or(value).to_owned(),
        }
    }

    /// What the property names: certificates that it restricts. `None` for other properties.
    fn certificates(&self) -> Option<&'static str> {
        Some(match self.tag.as_str() {
            "issue" => "certificates",
            "issuewild" => "wildcard certificates",
            "issuemail" => "S/MIME certificates",
            "issuevmc" => "mark certificates",
            _ => return None,
        })
    }

    /// Whether the property restricts who may issue certificates.
    pub(super) fn restricts(&self) -> bool {
        self.certificates().is_some()
    }

    /// Whether no certificate may be issued, because the property is critical and its tag has no meaning.
    pub(super) fn is_unknown_critical(&self) -> bool {
        self.critical && !self.is_known()
    }

    fn is_known(&self) -> bool {
        let others = ["iodef", "contactemail", "contactphone"];
        self.restricts() || others.contains(&self.tag.as_str())
    }

    /// Whether the record or its value does not follow the grammar.
    pub(super) fn is_malformed(&self) -> bool {
        let tag = self.tag.bytes().all(|octet| octet.is_ascii_alphanumeric());
        self.tag.is_empty() || !tag || self.restricts() && self.issue_value().is_none()
    }

    /// The CA that may issue. `None` if the value names none or is malformed, so that no CA may (RFC 8659 §4.2).
    pub(super) fn issuer(&self) -> Option<&str> {
        self.issue_value().filter(|issuer| !issuer.is_empty())
    }

    /// The domain of the CA in the value, empty for none. `None` if the value is malformed (RFC 8659 §4.2).
    fn issue_value(&self) -> Option<&str> {
        let mut parts = self
            .value
            .split(';')
            .map(|part| part.trim_matches([' ', '\t']));
        let issuer = parts.next().unwrap_or_default();

        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        };
        let is_parameter = |part: &str| {
            part.split_once('=').is_some_and(|(tag, value)| {
                label(tag.trim_end_matches([' ', '\t']))
                    && value
                        .trim_start_matches([' ', '\t'])
                        .bytes()
                        .all(|octet| octet.is_ascii_graphic())
            })
        };

        let parameters: Vec<&str> = parts.collect();
        // One separator may end the list.
        let parameters = match &parameters[..] {
            [rest @ .., ""] => rest,
            all => all,
        };
        let is_valid = (issuer.is_empty() || issuer.split('.').all(label))
            && parameters.iter().all(|part| is_parameter(part));
        is_valid.then_some(issuer)
    }

    /// What the property means among all properties of the record set.
    pub(super) fn meaning(&self, all: &[Self]) -> String {
        let meaning = self.plain_meaning(all);
        match meaning.as_str() {
            "" if self.critical => "unknown and critical: no CA may issue".to_owned(),
            _ if self.critical => format!("{meaning} (critical)"),
            _ => meaning,
        }
    }

    fn plain_meaning(&self, all: &[Self]) -> String {
        let Some(certificates) = self.certificates() else {
            return match self.tag.as_str() {
                "iodef" => "contact for violation reports",
                "contactemail" | "contactphone" => "contact for validation",
                "?" => "malformed record",
                _ => "",
            }
            .to_owned();
        };

        let allows = |other: &&Self| other.tag == self.tag && other.issuer().is_some();
        if self.issuer().is_some() {
            format!("may issue {certificates}")
        } else if all.iter().any(|other| allows(&other)) {
            "allows no CA; other records do".to_owned()
        } else if self.is_malformed() {
            format!("malformed: no CA may issue {certificates}")
        } else {
            format!("no CA may issue {certificates}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_domain_with_parameters() {
        for (value, issuer, is_malformed) in [
            ("ca.example", Some("ca.example"), false),
            ("ca.example; account=230123", Some("ca.example"), false),
            ("  ca.example ;a=b; c=d;", Some("ca.example"), false),
            (";", None, false),
            ("", None, false),
            (" ; policy=ev", None, false),
            ("%%%%%", None, true),
            ("ca..example", None, true),
            ("ca_example", None, true),
            ("ca.example; account", None, true),
            ("-ca.example", None, true),
        ] {
            let property = Property::read(&format!("0 issue \"{value}\""));
            assert_eq!(property.issuer(), issuer, "{value}");
            assert_eq!(property.is_malformed(), is_malformed, "{value}");
        }
    }

    #[test]
    fn malformed_records_and_tags_are_found() {
        for data in ["\\# 2 0000", "0 \"\"", "0 a.b \"x\""] {
            assert!(Property::read(data).is_malformed(), "{data}");
        }
        assert!(Property::read("128 tbs \"Unknown\"").is_unknown_critical());
        assert!(Property::read("129 tbs \"Unknown\"").is_unknown_critical());
        assert!(!Property::read("1 tbs \"Unknown\"").is_unknown_critical());
        assert!(!Property::read("128 ISSUE \"ca.example\"").is_unknown_critical());
    }
}
