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

/// Most record types of one request.
const MAX_TYPES: usize = 8;

/// One to eight record types, each once, in the order in which they were written: `A,AAAA`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordTypes(pub Vec<RecordType>);

text_value!(
    RecordTypes,
    "RecordTypes",
    "record types such as `MX`, `HTTPS`, `TYPE65` or `A,AAAA`",
    "record_type"
);

impl fmt::Display for RecordTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rtype) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{rtype}")?;
        }
        Ok(())
    }
}

impl RecordTypes {
    fn read(text: &str) -> Result<Self, Invalid> {
        let mut types = Vec::new();
        let names = text
            .split([',', ';', ' ', '\t'])
            .filter(|name| !name.is_empty());

        for name in names {
            let rtype = RecordType::read(name).map_err(|invalid| {
                let at = text.find(name).unwrap_or_default();
                let value = invalid
                    .value
                    .as_ref()
                    .map(|better| format!("{}{better}{}", &text[..at], &text[at + name.len()..]));
                Invalid { value, ..invalid }.part(text, at..at + name.len())
            })?;
            if !types.contains(&rtype) {
                types.push(rtype);
            }
        }

        match types.len() {
            0 => Err(Invalid::new("expected a record type such as `MX`")),
            1..=MAX_TYPES => Ok(Self(types)),
            number => Err(Invalid::new(format!(
                "too many record types: at most {MAX_TYPES}, got {number}"
            ))),
        }
    }
}

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
    let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    let invalid = Invalid::new(format!(
        "unknown record type `{shown}`; expected a name such as `MX` or a number such as `TYPE65`"
    ));
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
