//! Formats of single record types whose fields depend on each other.

use std::net::{Ipv4Addr, Ipv6Addr};

use domain::base::Rtype;

use super::fields::{Reader, base64, hex, ipv6, set_bits};

/// Most ports in one WKS record that are written as numbers.
const MAX_PORTS: usize = 1024;

/// The ports of a WKS record (RFC 1035 §3.4.2) as numbers.
pub(super) fn ports(reader: &mut Reader) -> Option<String> {
    let ports: Vec<String> = set_bits(reader.rest())
        .take(MAX_PORTS + 1)
        .map(|port| port.to_string())
        .collect();
    (ports.len() <= MAX_PORTS).then(|| ports.join(" "))
}

/// The types of an NXT record (RFC 2535 §5.2): one bitmap of the types up to 127.
pub(super) fn next_types(reader: &mut Reader) -> Option<String> {
    let bitmap = reader.rest();
    // The first bit announces a format that was never defined.
    let is_defined = bitmap.len() <= 16 && bitmap.first().is_none_or(|first| first & 0x80 == 0);
    let types: Vec<String> = set_bits(bitmap)
        .map(|rtype| Rtype::from_int(rtype).to_string())
        .collect();
    is_defined.then(|| types.join(" "))
}

/// An NSAP address (RFC 1706 §5).
pub(super) fn nsap(reader: &mut Reader) -> Option<String> {
    let octets = reader.rest();
    (!octets.is_empty()).then(|| format!("0x{}", hex(octets)))
}

/// An ATM address: an E.164 number with `+`, or an end system address in hexadecimal.
pub(super) fn atm_address(reader: &mut Reader) -> Option<String> {
    let format = reader.u8()?;
    let address = reader.rest();
    match format {
        0 if !address.is_empty() => Some(hex(address).to_ascii_lowercase()),
        1 if !address.is_empty() && address.iter().all(u8::is_ascii_digit) => {
            let digits: String = address.iter().map(|digit| char::from(*digit)).collect();
            Some(format!("+{digits}"))
        }
        _ => None,
    }
}

/// Names of certificate types (RFC 4398 §2.1).
static CERTIFICATE_TYPES: &[(u16, &str)] = &[
    (1, "PKIX"),
    (2, "SPKI"),
    (3, "PGP"),
    (4, "IPKIX"),
    (5, "ISPKI"),
    (6, "IPGP"),
    (7, "ACPKIX"),
    (8, "IACPKIX"),
    (253, "URI"),
    (254, "OID"),
];

/// Names of DNSSEC algorithms (RFC 4034 appendix A.1 and IANA's registry).
static ALGORITHMS: &[(u8, &str)] = &[
    (1, "RSAMD5"),
    (2, "DH"),
    (3, "DSA"),
    (5, "RSASHA1"),
    (6, "NSEC3DSA"),
    (7, "NSEC3RSASHA1"),
    (8, "RSASHA256"),
    (10, "RSASHA512"),
    (12, "ECCGOST"),
    (13, "ECDSAP256SHA256"),
    (14, "ECDSAP384SHA384"),
    (15, "ED25519"),
    (16, "ED448"),
    (252, "INDIRECT"),
    (253, "PRIVATEDNS"),
    (254, "PRIVATEOID"),
];

/// A certificate (RFC 4398 §2.2): type, key tag, algorithm, and the certificate in Base64.
pub(super) fn certificate(reader: &mut Reader) -> Option<String> {
    let (kind, tag, algorithm) = (reader.u16()?, reader.u16()?, reader.u8()?);
    let octets = Some(reader.rest()).filter(|octets| !octets.is_empty())?;
    let kind = name_of(CERTIFICATE_TYPES, kind);
    let algorithm = name_of(ALGORITHMS, algorithm);
    Some(format!("{kind} {tag} {algorithm} {}", base64(octets)))
}

/// The name of a number in a table, or else the number.
fn name_of<Number: Copy + PartialEq + ToString>(
    table: &[(Number, &str)],
    number: Number,
) -> String {
    table
        .iter()
        .find(|(known, _)| *known == number)
        .map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

/// An A6 record (RFC 2874 §3.2): prefix length, the end of the address, and the name of the prefix.
pub(super) fn a6(reader: &mut Reader) -> Option<String> {
    let length = Some(reader.u8()?).filter(|length| *length <= 128)?;
    let suffix = reader.take(usize::from(128 - length).div_ceil(8))?;

    let mut address = [0; 16];
    address[16 - suffix.len()..].copy_from_slice(suffix);
    let mut text = length.to_string();
    if length < 128 {
        text += &format!(" {}", Ipv6Addr::from(address));
    }
    if length > 0 {
        text += &format!(" {}", reader.name()?);
    }

    Some(text)
}

/// The address prefixes of an APL record (RFC 3123 §4): `1:192.0.2.0/24 !2:2001:db8::/32`.
pub(super) fn prefixes(reader: &mut Reader) -> Option<String> {
    let mut prefixes = Vec::new();

    while !reader.is_empty() {
        let (family, length, size) = (reader.u16()?, reader.u8()?, reader.u8()?);
        let negated = if size & 0x80 == 0 { "" } else { "!" };
        let octets = reader.take(usize::from(size & 0x7f))?;
        let address = match family {
            1 if length <= 32 => {
                let mut address = [0; 4];
                address.get_mut(..octets.len())?.copy_from_slice(octets);
                Ipv4Addr::from(address).to_string()
            }
            2 if length <= 128 => ipv6(octets)?.to_string(),
            _ => return None,
        };
        prefixes.push(format!("{negated}{family}:{address}/{length}"));
    }

    Some(prefixes.join(" "))
}

/// A host identity (RFC 8005 §6): algorithm, identity tag, public key, and the names of rendezvous servers.
pub(super) fn host_identity(reader: &mut Reader) -> Option<String> {
    let (tag_size, algorithm, key_size) = (reader.u8()?, reader.u8()?, reader.u16()?);
    let tag = hex(reader.take(tag_size.into())?);
    let key = base64(reader.take(key_size.into())?);
    if tag.is_empty() || key.is_empty() {
        return None;
    }

    let mut text = format!("{algorithm} {tag} {key}");
    while !reader.is_empty() {
        text += &format!(" {}", reader.name()?);
    }
    Some(text)
}

/// An AMT relay (RFC 8777 §4.3): precedence, the discovery bit, the type of the relay, and the relay.
pub(super) fn amt_relay(reader: &mut Reader) -> Option<String> {
    let (precedence, flags) = (reader.u8()?, reader.u8()?);
    let (discovery, kind) = (flags >> 7, flags & 0x7f);
    let relay = match kind {
        0 => ".".to_owned(),
        1 => Ipv4Addr::from(reader.array::<4>()?).to_string(),
        2 => Ipv6Addr::from(reader.array::<16>()?).to_string(),
        3 => reader.name()?,
        _ => return None,
    };
    Some(format!("{precedence} {discovery} {kind} {relay}"))
}
