//! SVCB and HTTPS records in presentation format (RFC 9460 §2.1).
//!
//! The `domain` crate does not escape the protocol names of `alpn` and the path of `dohpath`. With line breaks, spaces or
//! backslashes in them, one record could look like several, or like one with other parameters.

use std::fmt::Write;

use bytes::Bytes;
use domain::{
    base::{ToName, iana::SvcParamKey, scan::Symbol},
    dep::octseq::Parser,
    rdata::svcb::{ParseSvcParamValue, SvcbRdata, UnknownSvcParam, value::AllValues},
};

/// Formats priority, target and parameters on one line, in printable ASCII.
pub(super) fn presentation<Variant, Name: ToName>(
    record: &SvcbRdata<Variant, Bytes, Name>,
) -> String {
    let mut text = format!("{} {}", record.priority(), record.target().fmt_with_dot());
    for parameter in record.params().iter_raw() {
        text.push(' ');
        text.push_str(&format_parameter(&parameter));
    }
    text
}

fn format_parameter(parameter: &UnknownSvcParam<Bytes>) -> String {
    let value = parameter.as_slice();
    let special = match parameter.key() {
        SvcParamKey::ALPN => format_alpn(value),
        SvcParamKey::DOHPATH => Some(format!("dohpath={}", escape(value))),
        key => format_supported(key, value),
    };
    // A value that is invalid for its key is formatted as raw bytes.
    special.unwrap_or_else(|| parameter.to_string())
}

/// Formats a parameter that the `domain` crate supports and escapes correctly.
fn format_supported(key: SvcParamKey, value: &[u8]) -> Option<String> {
    let mut parser = Parser::from_ref(value);
    let value = AllValues::<&[u8]>::parse_value(key, &mut parser).ok()??;
    (parser.remaining() == 0).then(|| value.to_string())
}

/// Formats `alpn` (RFC 9460 §7.1.1). A comma or backslash in a name is escaped twice: for the list and for the zone file
/// (appendix A.1).
fn format_alpn(mut value: &[u8]) -> Option<String> {
    let mut text = String::from("alpn=");
    while let Some((length, rest)) = value.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        if text.len() > "alpn=".len() {
            text.push(',');
        }
        for octet in name {
            if matches!(octet, b',' | b'\\') {
                text.push_str("\\\\");
            }
            text.push_str(&escape(&[*octet]));
        }
        value = rest;
    }
    Some(text)
}

/// Escapes bytes as in a zone file, without quotes.
fn escape(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a string does not fail.
        let _ = write!(text, "{}", Symbol::from_octet(*octet));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;

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
}
