//! Distinguished names as text, similar to RFC 4514: the most specific part first.

use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Longest text of a distinguished name, in characters.
const MAX: usize = 256;

/// Abbreviations of attribute types (RFC 4514 §3 and what certificates use besides).
const ABBREVIATIONS: [(&str, &str); 10] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "E"),
];

/// Formats a name as `CN=R3, O=Let's Encrypt, C=US`. Longer names are shortened.
pub(super) fn text(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name.iter_attributes().map(part).collect();
    parts.reverse();

    // A common name always comes first, since it is what people know the certificate by.
    parts.sort_by_key(|part| !part.starts_with("CN="));

    let text = parts.join(", ");
    if text.chars().count() <= MAX {
        return text;
    }
    text.chars().take(MAX - 1).chain(['…']).collect()
}

fn part(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let name = ABBREVIATIONS
        .iter()
        .find(|(known, _)| *known == oid)
        .map_or(oid.as_str(), |(_, abbreviation)| abbreviation);

    let value = match attribute.as_str() {
        Ok(text) => text.to_owned(),
        Err(_) => other_string(attribute.attr_value()),
    };

    format!("{name}={}", escape(&value))
}

/// Text in the older string types: BMPString is UTF-16, the others are read as Latin-1.
fn other_string(value: &x509_parser::asn1_rs::Any<'_>) -> String {
    if value.tag() == x509_parser::asn1_rs::Tag::BmpString {
        let (pairs, _) = value.data.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
        return char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
    }
    value.data.iter().map(|octet| char::from(*octet)).collect()
}

/// Escapes what separates the parts of a name (RFC 4514 §2.4).
fn escape(value: &str) -> String {
    value
        .chars()
        .take(MAX)
        .fold(String::with_capacity(value.len()), |mut text, c| {
            if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
                text.push('\\');
            }
            text.push(c);
            text
        })
}
