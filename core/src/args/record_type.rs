//! DNS record types, by name or number.

use std::fmt;

use domain::base::iana::Rtype;
use netvane_facts::target::{Invalid, text_value};

/// A record type: a mnemonic of the IANA registry or `TYPE65` (RFC 3597).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordType(pub Rtype);

text_value!(
    RecordType,
    "RecordType",
    "a record type such as `MX`, `HTTPS` or `TYPE65`",
    "record_type"
);

/// Common types, used for completion and for suggestions.
pub(crate) const COMMON: [&str; 28] = [
    "A",
    "AAAA",
    "MX",
    "NS",
    "TXT",
    "CNAME",
    "SOA",
    "SRV",
    "CAA",
    "PTR",
    "HTTPS",
    "SVCB",
    "DS",
    "DNSKEY",
    "RRSIG",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "TLSA",
    "SSHFP",
    "NAPTR",
    "LOC",
    "DNAME",
    "CDS",
    "CDNSKEY",
    "OPENPGPKEY",
    "HINFO",
    "ANY",
];

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl RecordType {
    fn read(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let name = text.to_ascii_uppercase();
        let number = name.strip_prefix("TYPE").unwrap_or(&name);
        let rtype = match number.parse::<u16>() {
            Ok(number) => Ok(Rtype::from_int(number)),
            Err(_) => name.parse().map_err(|_| unknown(text)),
        }?;
        match rtype {
            Rtype::AXFR | Rtype::IXFR => Err(Invalid::new(format!(
                "{rtype} is a zone transfer; query one type"
            ))),
            Rtype::OPT | Rtype::TSIG | Rtype::TKEY => Err(Invalid::new(format!(
                "{rtype} is not a record type that can be queried"
            ))),
            rtype => Ok(Self(rtype)),
        }
    }
}

fn unknown(text: &str) -> Invalid {
    let invalid = Invalid::new(
        "unknown record type; expected a name such as `MX` or a number such as `TYPE65`",
    );
    let near = COMMON
        .iter()
        .find(|name| strsim::damerau_levenshtein(&text.to_ascii_uppercase(), name) == 1);
    match near {
        Some(name) => invalid.value(*name),
        None => invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_numbers() {
        for (text, shown) in [
            ("mx", "MX"),
            ("TYPE65", "HTTPS"),
            ("65", "HTTPS"),
            ("type65280", "TYPE65280"),
            ("any", "ANY"),
        ] {
            assert_eq!(
                text.parse::<RecordType>().map(|t| t.to_string()).as_deref(),
                Ok(shown)
            );
        }

        assert_eq!(
            "MXX"
                .parse::<RecordType>()
                .expect_err("typo")
                .value
                .as_deref(),
            Some("MX")
        );

        assert!("AXFR".parse::<RecordType>().is_err());
        assert!("70000".parse::<RecordType>().is_err());
        for name in COMMON {
            assert!(name.parse::<RecordType>().is_ok(), "{name}");
        }
    }
}
