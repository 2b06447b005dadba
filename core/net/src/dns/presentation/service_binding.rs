//! SVCB and HTTPS records in presentation format (RFC 9460 §2.1).
//!
//! The `domain` crate does not escape the protocol names of `alpn` and the path of `dohpath`, and names some parameters
//! differently than IANA's registry. With line breaks, spaces or backslashes in them, one record could look like several, or like one with other parameters.

use std::{
    fmt::Write,
    net::{Ipv4Addr, Ipv6Addr},
};

use bytes::Bytes;
use domain::{
    base::{ToName, iana::SvcParamKey, scan::Symbol},
    rdata::svcb::{SvcbRdata, UnknownSvcParam},
};

use super::{
    escape_spaces,
    fields::{Reader, base64},
};

/// Formats priority, target and parameters on one line, in printable ASCII.
pub(super) fn presentation<Variant, Name: ToName>(
    record: &SvcbRdata<Variant, Bytes, Name>,
) -> String {
    let target = escape_spaces(&record.target().fmt_with_dot().to_string());
    let mut text = format!("{} {target}", record.priority());
    for parameter in record.params().iter_raw() {
        text.push(' ');
        text.push_str(&format_parameter(&parameter));
    }
    text
}

/// Names of the parameters (RFC 9460 §14.3.2 and IANA's registry).
static KEYS: &[&str] = &[
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
    "tls-supported-groups",
    "docpath",
];

fn format_parameter(parameter: &UnknownSvcParam<Bytes>) -> String {
    let (key, value) = (parameter.key().to_int(), parameter.as_slice());
    // A value that is invalid for its key is formatted as raw bytes.
    let text = format_value(key, value).unwrap_or_else(|| escape(value));
    let key = key_name(key);
    if value.is_empty() {
        key
    } else {
        format!("{key}={text}")
    }
}

fn key_name(key: u16) -> String {
    KEYS.get(usize::from(key))
        .map_or_else(|| format!("key{key}"), |name| (*name).to_owned())
}

/// Formats the value of a known parameter. `None` if it is invalid or the parameter has no format.
fn format_value(key: u16, value: &[u8]) -> Option<String> {
    let pair = |octets: [u8; 2]| u16::from_be_bytes(octets);
    match SvcParamKey::from_int(key) {
        SvcParamKey::MANDATORY => list(value, |octets| key_name(pair(octets))),
        SvcParamKey::PORT => Some(pair(value.try_into().ok()?).to_string()),
        SvcParamKey::IPV4HINT => list(value, |octets: [u8; 4]| Ipv4Addr::from(octets).to_string()),
        SvcParamKey::IPV6HINT => list(value, |octets: [u8; 16]| Ipv6Addr::from(octets).to_string()),
        SvcParamKey::ECH => Some(base64(value)),
        SvcParamKey::ALPN => texts(value),
        // tls-supported-groups, docpath
        _ if key == 9 => list(value, |octets| pair(octets).to_string()),
        _ if key == 10 => texts(value),
        _ => None,
    }
}

/// Formats a list of values of a fixed size. `None` if the last one is incomplete.
fn list<const N: usize>(value: &[u8], format: impl Fn([u8; N]) -> String) -> Option<String> {
    let (values, rest) = value.as_chunks::<N>();
    let texts: Vec<String> = values.iter().map(|octets| format(*octets)).collect();
    rest.is_empty().then(|| texts.join(","))
}

/// Formats a list of strings such as `alpn` (RFC 9460 §7.1.1). A comma or backslash in a string is escaped twice: for
/// the list and for the zone file (appendix A.1).
fn texts(value: &[u8]) -> Option<String> {
    let mut reader = Reader::new(value);
    let mut texts = Vec::new();

    while !reader.is_empty() {
        let mut text = String::new();
        for octet in reader.text()? {
            if matches!(octet, b',' | b'\\') {
                text.push_str("\\\\");
            }
            text.push_str(&escape(&[*octet]));
        }
        texts.push(text);
    }

    Some(texts.join(","))
}

/// Escapes bytes as in a zone file, without quotes (RFC 9460 appendix A).
fn escape(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        if matches!(octet, b'(' | b')') {
            text.push('\\');
        }
        // Writing to a string does not fail.
        let _ = write!(text, "{}", Symbol::from_octet(*octet));
        text
    })
}

#[cfg(test)]
mod tests {
    use crate::dns::message::Message;

    /// Formats an HTTPS record with these parameters in wire format.
    fn format_parameter(parameters: &[u8]) -> String {
        let mut octets = vec![0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
        octets.extend(b"\x07example\x04test\0\0\x41\0\x01");
        octets.extend(b"\xc0\x0c\0\x41\0\x01\0\0\0\x3c\0");
        octets.push(u8::try_from(3 + parameters.len()).expect("short"));
        octets.extend(b"\0\x01\0");
        octets.extend(parameters);
        let message = Message::read(octets).expect("a message");
        message.answers[0].presentation()
    }

    #[test]
    fn formats_common_parameters_as_in_zone_files() {
        assert_eq!(
            format_parameter(b"\0\x01\0\x06\x02h2\x02h3\0\x03\0\x02\x20\xfb\0\x04\0\x04\xc0\0\x02\x01\0\x07\0\x10/dns-query{?dns}"),
            "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 dohpath=/dns-query{?dns}"
        );
    }

    #[test]
    fn escapes_line_breaks_spaces_and_backslashes() {
        assert_eq!(
            format_parameter(b"\0\x01\0\x06\x02\0\r\x02h3"),
            r"1 . alpn=\000\013,h3"
        );
        assert_eq!(
            format_parameter(b"\0\x01\0\x0c\x0bh2 port=443"),
            r"1 . alpn=h2\ port=443"
        );
        assert_eq!(
            format_parameter(b"\0\x01\0\x05\x04a,b\\"),
            r"1 . alpn=a\\,b\\\\"
        );
        assert_eq!(
            format_parameter(b"\0\x07\0\x05/\n \xe2\x80"),
            r"1 . dohpath=/\010\ \226\128"
        );
    }

    #[test]
    fn formats_the_raw_bytes_of_a_value_invalid_for_its_key() {
        assert_eq!(format_parameter(b"\0\x08\0\x02ab"), "1 . ohttp=ab");
        assert_eq!(format_parameter(b"\0\x01\0\x02\x09h"), r"1 . alpn=\009h");
    }

    #[test]
    fn formats_every_registered_parameter_by_its_name() {
        for (parameters, expected) in [
            (&b"\0\0\0\x04\0\x01\x02\x9b"[..], "mandatory=alpn,key667"),
            (b"\0\x02\0\0", "no-default-alpn"),
            (b"\0\x05\0\x03\x01\x02\x03", "ech=AQID"),
            (
                b"\0\x06\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
                "ipv6hint=2001:db8::1",
            ),
            (b"\0\x08\0\0", "ohttp"),
            (b"\0\x09\0\x04\0\x1d\0\x17", "tls-supported-groups=29,23"),
            (b"\x02\x9b\0\x05hello", "key667=hello"),
            (b"\x02\x9b\0\x09hello\xd2qoo", r"key667=hello\210qoo"),
            (b"\x02\x9b\0\x03a(b", r"key667=a\(b"),
        ] {
            assert_eq!(format_parameter(parameters), format!("1 . {expected}"));
        }
    }

    #[test]
    fn escapes_a_list_twice_as_in_the_example_of_rfc_9460() {
        assert_eq!(
            format_parameter(b"\0\x01\0\x0c\x08f\\oo,bar\x02h2"),
            r"1 . alpn=f\\\\oo\\,bar,h2"
        );
    }
}
