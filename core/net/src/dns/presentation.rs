//! Record data in presentation format (RFC 1035 §5.1), on one line and in printable ASCII.
//!
//! The `domain` crate formats the common types. [`FORMATS`] has all others of IANA's registry whose specification defines
//! a format; the rest, and data that is invalid for its type, has the generic format (RFC 3597 §5).

mod fields;
mod location;
mod service_binding;
mod special;

use bytes::Bytes;
use domain::{
    base::{
        ParsedName, RecordData, Rtype, ToName,
        name::ToLabelIter,
        rdata::ParseRecordData,
        wire::ParseError,
        zonefile_fmt::{DisplayKind, ZonefileFmt},
    },
    dep::octseq::Parser,
    rdata::{AllRecordData, Rrsig, dnssec::Timestamp, ipseckey::IpseckeyGateway},
};

use super::message::Data;
use fields::{
    Field::{self, *},
    Reader,
};

/// Record types that the `domain` crate does not know, with their fields in wire order.
#[rustfmt::skip]
static FORMATS: &[(Rtype, &[Field])] = &[
    (Rtype::WKS, &[Ipv4, U8, Special(special::ports)]),                          // RFC 1035 §3.4.2
    (Rtype::AFSDB, &[U16, Name]),                                                // RFC 1183 §1
    (Rtype::X25, &[Text]),                                                       // RFC 1183 §3.1
    (Rtype::ISDN, &[Text, OptionalText]),                                        // RFC 1183 §3.2
    (Rtype::RT, &[U16, Name]),                                                   // RFC 1183 §3.3
    (Rtype::NSAP, &[Special(special::nsap)]),                                    // RFC 1706 §5
    (Rtype::NSAPPTR, &[Name]),                                                   // RFC 1348
    (Rtype::SIG, &[Type, U8, U8, U32, Time, Time, U16, Name, Base64]),           // RFC 2535 §4.4
    (Rtype::KEY, &[U16, U8, U8, OptionalBase64]),                                // RFC 2535 §3.5
    (Rtype::PX, &[U16, Name, Name]),                                             // RFC 2163 §4
    (Rtype::GPOS, &[Text, Text, Text]),                                          // RFC 1712 §3
    (Rtype::LOC, &[Special(location::location)]),                                // RFC 1876 §3
    (Rtype::NXT, &[Name, Special(special::next_types)]),                         // RFC 2535 §5.3
    (Rtype::ATMA, &[Special(special::atm_address)]),                             // ATM Forum, af-dans-0152
    (Rtype::KX, &[U16, Name]),                                                   // RFC 2230 §3.2
    (Rtype::CERT, &[Special(special::certificate)]),                             // RFC 4398 §2.2
    (Rtype::A6, &[Special(special::a6)]),                                        // RFC 2874 §3.2
    (Rtype::SINK, &[U8, U8, U8, OptionalBase64]),                                // draft-eastlake-kitchen-sink
    (Rtype::APL, &[Special(special::prefixes)]),                                 // RFC 3123 §5
    (Rtype::DHCID, &[Base64]),                                                   // RFC 4701 §3.2
    (Rtype::SMIMEA, &[U8, U8, U8, Hex]),                                         // RFC 8162 §2
    (Rtype::HIP, &[Special(special::host_identity)]),                            // RFC 8005 §6
    (Rtype::NINFO, &[Texts]),                                                    // draft-reid-dnsext-zs
    (Rtype::RKEY, &[U16, U8, U8, Base64]),                                       // draft-reid-dnsext-rkey
    (Rtype::TALINK, &[Name, Name]),                                              // draft-ietf-dnsop-dnssec-trust-history
    (Rtype::CSYNC, &[U32, U16, Types]),                                          // RFC 7477 §2.1.2
    (Rtype::DSYNC, &[Type, Scheme, U16, Name]),                                  // RFC 9859 §3
    (Rtype::HHIT, &[Base64]),                                                    // RFC 9886 §5.1
    (Rtype::BRID, &[Base64]),                                                    // RFC 9886 §5.2
    (Rtype::SPF, &[Texts]),                                                      // RFC 4408 §3.1.1
    (Rtype::NID, &[U16, Locator]),                                               // RFC 6742 §2.1
    (Rtype::L32, &[U16, Ipv4]),                                                  // RFC 6742 §2.2
    (Rtype::L64, &[U16, Locator]),                                               // RFC 6742 §2.3
    (Rtype::LP, &[U16, Name]),                                                   // RFC 6742 §2.4
    (Rtype::EUI48, &[HexPairs(6)]),                                              // RFC 7043 §3.2
    (Rtype::EUI64, &[HexPairs(8)]),                                              // RFC 7043 §4.2
    (Rtype::URI, &[U16, U16, TextToEnd]),                                        // RFC 7553 §4
    (Rtype::AVC, &[Texts]),                                                      // as TXT
    (Rtype::DOA, &[U32, U32, U8, Text, Base64OrDash]),                           // draft-durand-doa-over-dns
    (Rtype::AMTRELAY, &[Special(special::amt_relay)]),                           // RFC 8777 §4.3
    (Rtype::RESINFO, &[Texts]),                                                  // RFC 9606 §4
    (Rtype::WALLET, &[Texts]),                                                   // as TXT
    (Rtype::CLA, &[Texts]),                                                      // as TXT
    (Rtype::IPN, &[U64]),                                                        // RFC 9758, as a decimal number
    (Rtype::TA, &[U16, U8, U8, Hex]),                                            // as DS
    (Rtype::DLV, &[U16, U8, U8, Hex]),                                           // RFC 4431 §2, as DS
];

/// Formats the data of a record.
pub(super) fn format(data: &Data) -> String {
    match data {
        AllRecordData::Unknown(unknown) => format_listed(unknown.rtype(), unknown.data())
            .unwrap_or_else(|| generic(unknown.data())),
        AllRecordData::Svcb(record) => service_binding::presentation(record),
        AllRecordData::Https(record) => service_binding::presentation(record),
        AllRecordData::Rrsig(signature) => format_signature(signature),
        AllRecordData::Null(null) => generic(null.data()),
        AllRecordData::Ipseckey(key) if matches!(key.gateway(), IpseckeyGateway::None) => {
            // No gateway is a dot (RFC 4025 §3.1), which the `domain` crate omits.
            let (precedence, algorithm) = (key.precedence(), key.algorithm().to_int());
            let text = format!("{precedence} 0 {algorithm} . {}", fields::base64(key.key()));
            text.trim_end().to_owned()
        }
        // Simple form: one line, names with their final dot.
        data => {
            let text = data.display_zonefile(DisplayKind::Simple).to_string();
            let text = text.trim_end();
            // Without strings, a space in a field is in a name.
            if text.contains('"') {
                text.to_owned()
            } else {
                escape_spaces(text)
            }
        }
    }
}

/// Formats a signature with its times as dig does (RFC 4034 §3.2); the `domain` crate writes seconds.
fn format_signature(signature: &Rrsig<Bytes, ParsedName<Bytes>>) -> String {
    let time = |time: Timestamp| {
        let seconds = time.into_int();
        fields::time(seconds).unwrap_or_else(|| seconds.to_string())
    };
    format!(
        "{} {} {} {} {} {} {} {} {}",
        signature.type_covered(),
        signature.algorithm().to_int(),
        signature.labels(),
        signature.original_ttl().as_secs(),
        time(signature.expiration()),
        time(signature.inception()),
        signature.key_tag(),
        escape_spaces(&signature.signer_name().fmt_with_dot().to_string()),
        fields::base64(signature.signature()),
    )
}

/// Writes the spaces of a name as `\032`, so that no space is inside a field. The `domain` crate writes `\ `.
pub(super) fn escape_spaces(name: &str) -> String {
    name.replace("\\ ", "\\032")
}

fn fields_of(rtype: Rtype) -> Option<&'static [Field]> {
    let format = FORMATS.iter().find(|(known, _)| *known == rtype)?;
    Some(format.1)
}

/// Formats data of a type of the table. `None` for other types, and for data that is invalid for its type.
fn format_listed(rtype: Rtype, data: &[u8]) -> Option<String> {
    let mut reader = Reader::new(data);
    let texts: Vec<String> = fields_of(rtype)?
        .iter()
        .map(|field| field.read(&mut reader))
        .collect::<Option<_>>()?;
    let texts: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    reader.is_empty().then(|| texts.join(" "))
}

/// Formats data of an unknown type (RFC 3597 §5).
fn generic(data: &[u8]) -> String {
    let separator = if data.is_empty() { "" } else { " " };
    format!("\\# {}{separator}{}", data.len(), fields::hex(data))
}

/// Data of a type of the table, with its names uncompressed. Old types may compress them (RFC 3597 §4).
pub(super) struct Uncompressed {
    rtype: Rtype,
    /// The data in wire format, at most 64 KiB and 255 bytes for each name.
    pub(super) octets: Bytes,
}

impl RecordData for Uncompressed {
    fn rtype(&self) -> Rtype {
        self.rtype
    }
}

impl<'a> ParseRecordData<'a, Bytes> for Uncompressed {
    fn parse_rdata(
        rtype: Rtype,
        parser: &mut Parser<'a, Bytes>,
    ) -> Result<Option<Self>, ParseError> {
        let Some(fields) = fields_of(rtype) else {
            return Ok(None);
        };

        let mut octets = Vec::new();
        for field in fields {
            if matches!(field, Name) {
                for label in ParsedName::parse(parser)?.iter_labels() {
                    octets.push(label.len() as u8);
                    octets.extend_from_slice(label.as_slice());
                }
                continue;
            }

            let length = match field {
                Text if parser.remaining() > 0 => 1 + usize::from(parser.peek(1)?[0]),
                _ => field.size().unwrap_or(parser.remaining()),
            };
            octets.extend_from_slice(&parser.parse_octets(length)?);
        }

        Ok(Some(Self {
            rtype,
            octets: octets.into(),
        }))
    }
}

#[cfg(test)]
mod tests;
