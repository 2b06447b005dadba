//! Fields of record data: how to read one from wire format and write it as text.

use std::{
    fmt::Write,
    net::{Ipv4Addr, Ipv6Addr},
};

use domain::{
    base::{Rtype, scan::Symbol},
    utils::{base16, base64},
};

/// Most record types in one bitmap that are written as names.
const MAX_TYPES: usize = 1024;

/// One field of record data.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// A decimal number of one octet.
    U8,
    /// A decimal number of two octets.
    U16,
    /// A decimal number of four octets.
    U32,
    /// A decimal number of eight octets.
    U64,
    /// A domain name, not compressed.
    Name,
    /// A character string with its length before it (RFC 1035 §3.3), in quotes.
    Text,
    /// A character string, which may be missing.
    OptionalText,
    /// One or more character strings.
    Texts,
    /// All remaining octets as one string in quotes.
    TextToEnd,
    /// All remaining octets in hexadecimal.
    Hex,
    /// This many octets as pairs of hexadecimal digits: `00-00-5e-00-53-2a`.
    HexPairs(usize),
    /// Eight octets as four groups: `0014:4fff:ff20:ee64` (RFC 6742 §2.1.2).
    Locator,
    /// All remaining octets in Base64.
    Base64,
    /// All remaining octets in Base64, of which there may be none.
    OptionalBase64,
    /// All remaining octets in Base64, `-` for none.
    Base64OrDash,
    /// An IPv4 address in four octets.
    Ipv4,
    /// A record type by its name.
    Type,
    /// A bitmap of record types (RFC 4034 §4.1.2).
    Types,
    /// Seconds since 1970 as `YYYYMMDDHHMMSS` (RFC 2535 §4.4).
    Time,
    /// The scheme of a DSYNC record (RFC 9859 §3).
    Scheme,
    /// All remaining octets, in a format of their own.
    Special(fn(&mut Reader) -> Option<String>),
}

impl Field {
    /// Size of the field in wire format; `None` for names and strings, and for fields up to the end.
    pub(super) fn size(self) -> Option<usize> {
        Some(match self {
            Self::U8 | Self::Scheme => 1,
            Self::U16 | Self::Type => 2,
            Self::U32 | Self::Ipv4 | Self::Time => 4,
            Self::U64 | Self::Locator => 8,
            Self::HexPairs(size) => size,
            _ => return None,
        })
    }

    /// Reads the field and writes it as text. `None` if the data is invalid or too short.
    pub(super) fn read(self, reader: &mut Reader) -> Option<String> {
        Some(match self {
            Self::U8 => reader.u8()?.to_string(),
            Self::U16 => reader.u16()?.to_string(),
            Self::U32 => reader.u32()?.to_string(),
            Self::U64 => u64::from_be_bytes(reader.array()?).to_string(),
            Self::Name => reader.name()?,
            Self::Text => quote(reader.text()?),
            Self::OptionalText if reader.is_empty() => String::new(),
            Self::OptionalText => quote(reader.text()?),
            Self::Texts => texts(reader)?,
            Self::TextToEnd => quote(reader.rest()),
            Self::Hex => Some(hex(reader.rest())).filter(|text| !text.is_empty())?,
            Self::HexPairs(size) => hex_pairs(reader.take(size)?),
            Self::Locator => locator(reader.array()?),
            Self::Base64 => Some(base64(reader.rest())).filter(|text| !text.is_empty())?,
            Self::OptionalBase64 => base64(reader.rest()),
            Self::Base64OrDash if reader.is_empty() => "-".to_owned(),
            Self::Base64OrDash => base64(reader.rest()),
            Self::Ipv4 => Ipv4Addr::from(reader.array::<4>()?).to_string(),
            Self::Type => Rtype::from_int(reader.u16()?).to_string(),
            Self::Types => types(reader)?,
            Self::Time => time(reader.u32()?)?,
            Self::Scheme => match reader.u8()? {
                1 => "NOTIFY".to_owned(),
                scheme => scheme.to_string(),
            },
            Self::Special(read) => read(reader)?,
        })
    }
}

/// Record data in wire format that is not read yet.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Whether all data has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `count` octets.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (octets, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(octets)
    }

    /// Returns all remaining octets of the data.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// The next octets as an array.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        Some(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next character string, without its length.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// The next uncompressed name, with its final dot.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut length = 0;
        loop {
            let label = *self.0.get(length)?;
            length += 1 + usize::from(label);
            match label {
                0 => break,
                1..=63 => {}
                _ => return None,
            }
        }
        let name = domain::base::Name::from_slice(self.take(length)?).ok()?;
        let text = domain::base::ToName::fmt_with_dot(&name).to_string();
        Some(super::escape_spaces(&text))
    }
}

/// Octets as upper-case hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    base16::encode_string(octets)
}

/// Octets in Base64 (RFC 4648 §4).
pub(super) fn base64(octets: &[u8]) -> String {
    base64::encode_string(octets)
}

/// Octets as a quoted string (RFC 1035 §5.1).
pub(super) fn quote(octets: &[u8]) -> String {
    let mut text = String::from("\"");
    for octet in octets {
        // Writing to a string does not fail.
        let _ = write!(text, "{}", Symbol::quoted_from_octet(*octet));
    }
    text.push('"');
    text
}

/// An IPv6 address from its first octets; the missing ones are zero.
pub(super) fn ipv6(octets: &[u8]) -> Option<Ipv6Addr> {
    let mut address = [0; 16];
    address.get_mut(..octets.len())?.copy_from_slice(octets);
    Some(address.into())
}

fn texts(reader: &mut Reader) -> Option<String> {
    let mut texts = vec![quote(reader.text()?)];
    while !reader.is_empty() {
        texts.push(quote(reader.text()?));
    }
    Some(texts.join(" "))
}

fn hex_pairs(octets: &[u8]) -> String {
    let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    pairs.join("-")
}

fn locator(octets: [u8; 8]) -> String {
    let groups: Vec<String> = octets
        .chunks_exact(2)
        .map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]))
        .collect();
    groups.join(":")
}

fn types(reader: &mut Reader) -> Option<String> {
    let mut types = Vec::new();
    let mut next = 0;

    while !reader.is_empty() {
        let window = reader.u8()?;
        let length = reader.u8()?;
        if usize::from(window) < next || !(1..=32).contains(&length) {
            return None;
        }
        next = usize::from(window) + 1;
        let bits = set_bits(reader.take(length.into())?);
        types.extend(bits.map(|bit| Rtype::from_int(u16::from(window) << 8 | bit).to_string()));
    }

    (types.len() <= MAX_TYPES).then(|| types.join(" "))
}

/// Positions of the bits that are set, from the most significant of the first octet.
pub(super) fn set_bits(octets: &[u8]) -> impl Iterator<Item = u16> {
    (0..=u16::MAX)
        .zip(
            octets
                .iter()
                .flat_map(|octet| (0..8).map(move |bit| octet & (0x80 >> bit) != 0)),
        )
        .filter_map(|(position, is_set)| is_set.then_some(position))
}

/// Seconds since 1970 as `YYYYMMDDHHMMSS` in UTC.
pub(super) fn time(seconds: u32) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds.into()).ok()?;
    Some(time.strftime("%Y%m%d%H%M%S").to_string())
}
