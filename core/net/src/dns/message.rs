//! A parsed DNS response.
//!
//! hickory transports and validates messages. They are parsed with the `domain` crate, because it keeps
//! what hickory's typed records lose: the presentation format of zone files (RFC 1035, 3597, 9460) and
//! EDNS options. One malformed record does not invalidate the others.

mod records;

use std::{fmt::Display, net::IpAddr};

use bytes::Bytes;
use domain::{
    base::{
        Message as Wire, ParsedName, Rtype,
        iana::{Class, OptRcode},
        opt::AllOptData,
    },
    rdata::AllRecordData,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::presentation;
use records::RecordReader;

/// Record data, typed for the record types that `domain` supports.
pub type Data = AllRecordData<Bytes, ParsedName<Bytes>>;

/// A parsed DNS response.
#[derive(Debug, Clone)]
pub struct Message {
    /// Message ID, as in the header.
    pub id: u16,
    /// RCODE, including the extended bits of EDNS.
    pub rcode: OptRcode,
    /// Flags of the header.
    pub flags: Flags,
    /// Name and type in the question section; `None` if it is empty.
    pub question: Option<(String, Rtype)>,
    /// Answer section, in the server's order.
    pub answers: Vec<Record>,
    /// Authority section, in the server's order.
    pub authority: Vec<Record>,
    /// Additional section, without the OPT record.
    pub additional: Vec<Record>,
    /// Number of records in the answer, authority and additional section, without OPT. More than were read if the
    /// response is too large.
    pub totals: [usize; 3],
    /// EDNS data, if the response has an OPT record.
    pub edns: Option<Edns>,
    /// Extended DNS errors (RFC 8914), in the server's order.
    pub extended_errors: Vec<ExtendedError>,
    /// The message in wire format, as received.
    pub octets: Bytes,
}

/// Header flags of RFC 1035 and 4035.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flags {
    /// AA: the answer is authoritative.
    pub aa: bool,
    /// TC: the response is truncated.
    pub tc: bool,
    /// RD: the client asked for recursion.
    pub rd: bool,
    /// RA: the server offers recursion.
    pub ra: bool,
    /// AD: the resolver validated it with DNSSEC.
    pub ad: bool,
    /// CD: DNSSEC checking is disabled.
    pub cd: bool,
}

/// The OPT pseudo-record (RFC 6891).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edns {
    /// EDNS version, normally 0.
    pub version: u8,
    /// DO: DNSSEC records are supported.
    pub dnssec_ok: bool,
    /// Largest UDP payload that the server accepts, in bytes.
    pub udp_size: u16,
    /// Options other than extended errors, as text.
    pub options: Vec<String>,
}

/// An extended DNS error, RFC 8914.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtendedError {
    /// INFO-CODE (RFC 8914 §4).
    pub code: u16,
    /// Name of the code in the IANA registry.
    pub name: String,
    /// EXTRA-TEXT, at most 512 bytes.
    pub text: Option<String>,
}

impl Display for ExtendedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.code)?;
        match &self.text {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

/// A resource record with parsed data.
#[derive(Debug, Clone)]
pub struct Record {
    /// Owner name, without the final dot.
    pub name: String,
    /// Class, nearly always IN.
    pub class: Class,
    /// Time to live in seconds.
    pub ttl: u32,
    /// Record type, possibly unknown.
    pub rtype: Rtype,
    /// Record data, typed if the type is known.
    pub data: Data,
}

impl Record {
    /// Returns the data in presentation format (RFC 1035 §5.1, RFC 3597 §5).
    pub fn presentation(&self) -> String {
        presentation::format(&self.data)
    }
}

/// Formats a name without its final dot; the root stays `.`.
pub fn without_dot(name: impl Display) -> String {
    let mut text = presentation::escape_spaces(&name.to_string());
    if text.len() > 1 && text.ends_with('.') && !text.ends_with("\\.") {
        text.pop();
    }
    if text.is_empty() { ".".into() } else { text }
}

impl Message {
    /// Parses a response; an error says what is wrong with it.
    pub fn read(octets: Vec<u8>) -> Result<Self, String> {
        let octets = Bytes::from(octets);
        let malformed = |what: &dyn Display| format!("malformed response: {what}");
        let wire = Wire::from_octets(octets.clone()).map_err(|error| malformed(&error))?;
        let header = wire.header();
        let question = match wire.question().next() {
            Some(Ok(question)) => Some((without_dot(question.qname()), question.qtype())),
            Some(Err(error)) => return Err(malformed(&error)),
            None => None,
        };

        let sections = wire.sections().map_err(|error| malformed(&error))?;
        let mut reader = RecordReader::default();
        let mut read = |records| reader.read(records).map_err(|error| malformed(&error));
        let (answers, answer_total) = read(sections.1)?;
        let (authority, authority_total) = read(sections.2)?;
        let (additional, additional_total) = read(sections.3)?;

        let opt = wire.opt();
        let mut extended_errors = Vec::new();
        let edns = opt.as_ref().map(|opt| {
            let mut options = Vec::new();
            for option in opt.opt().iter::<AllOptData<_, _>>().flatten().take(16) {
                match option {
                    AllOptData::ExtendedError(error) => {
                        extended_errors.push(extended_error(&error))
                    }
                    other => options.push(option_text(&other)),
                }
            }
            Edns {
                version: opt.version(),
                dnssec_ok: opt.dnssec_ok(),
                udp_size: opt.udp_payload_size(),
                options,
            }
        });

        Ok(Self {
            id: header.id(),
            rcode: wire.opt_rcode(),
            flags: Flags {
                aa: header.aa(),
                tc: header.tc(),
                rd: header.rd(),
                ra: header.ra(),
                ad: header.ad(),
                cd: header.cd(),
            },
            question,
            answers,
            authority,
            additional,
            totals: [answer_total, authority_total, additional_total],
            edns,
            extended_errors,
            octets,
        })
    }

    /// Returns how long a negative answer may be cached, in seconds: the smaller of the SOA's TTL and MINIMUM (RFC 2308
    /// §5).
    pub fn negative_ttl(&self) -> Option<u32> {
        self.authority.iter().find_map(|record| match &record.data {
            AllRecordData::Soa(soa) => Some(record.ttl.min(soa.minimum().as_secs())),
            _ => None,
        })
    }
}

impl Message {
    /// Returns the addresses in the answer section that belong to the queried name, or to the name that its aliases
    /// lead to. Addresses of other names are not part of the answer.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let end = self.final_name();
        self.answers
            .iter()
            .filter(|record| record.name.eq_ignore_ascii_case(&end))
            .filter_map(Record::address)
            .collect()
    }

    /// Returns the queried name, or the name that its aliases in the answer section lead to; empty if the response has
    /// no question. In a loop, it is the last name before the first repeats.
    pub fn final_name(&self) -> String {
        let Some((name, _)) = &self.question else {
            return String::new();
        };

        let mut names = vec![name.clone()];
        while let Some(next) = names.last().and_then(|name| self.alias_target(name)) {
            if names.iter().any(|name| name.eq_ignore_ascii_case(&next)) {
                break;
            }
            names.push(next);
        }

        names.pop().unwrap_or_default()
    }

    /// The name that an alias in the answer section has for `name`: of a CNAME, or else of a DNAME.
    fn alias_target(&self, name: &str) -> Option<String> {
        let targets = |rtype| {
            self.answers
                .iter()
                .filter(move |record| record.rtype == rtype)
                .find_map(|record| record.alias_target(name))
        };
        targets(Rtype::CNAME).or_else(|| targets(Rtype::DNAME))
    }
}

impl Record {
    /// Returns the address of an A or AAAA record.
    pub fn address(&self) -> Option<IpAddr> {
        match &self.data {
            Data::A(a) => Some(IpAddr::V4(a.addr())),
            Data::Aaaa(aaaa) => Some(IpAddr::V6(aaaa.addr())),
            _ => None,
        }
    }
}

impl Record {
    /// Returns the name to which this record redirects `name`, without the final dot: a CNAME of that name, or a DNAME
    /// of a name above it (RFC 6672 §2.2). `None` if it does not, or the new name is too long.
    pub fn alias_target(&self, name: &str) -> Option<String> {
        match &self.data {
            Data::Cname(cname) if self.name.eq_ignore_ascii_case(name) => {
                Some(without_dot(cname.cname()))
            }
            Data::Dname(dname) => {
                let below = labels_below(name, &self.name)?;
                let target = without_dot(dname.dname());
                let name = if target == "." {
                    below.to_owned()
                } else {
                    format!("{below}.{target}")
                };
                super::client::wire_name(&name).map(|_| name)
            }
            _ => None,
        }
    }

    /// Whether `name` is below the owner of this record.
    pub fn is_above(&self, name: &str) -> bool {
        labels_below(name, &self.name).is_some()
    }
}

/// The labels of `name` in front of `owner`, if it is below it: `a.b` of `a.b.example.test` below `example.test`.
fn labels_below<'a>(name: &'a str, owner: &str) -> Option<&'a str> {
    if owner == "." {
        return (name != ".").then_some(name);
    }
    let at = name.len().checked_sub(owner.len() + 1)?;
    let (below, rest) = name.split_at_checked(at)?;
    let is_below = rest
        .strip_prefix('.')
        .is_some_and(|rest| rest.eq_ignore_ascii_case(owner));
    // An escaped dot separates no labels.
    let backslashes = below.len() - below.trim_end_matches('\\').len();
    (is_below && !below.is_empty() && backslashes % 2 == 0).then_some(below)
}

fn extended_error(error: &domain::base::opt::ExtendedError<Bytes>) -> ExtendedError {
    let code = error.code();
    ExtendedError {
        code: code.to_int(),
        name: code
            .to_mnemonic()
            .map_or("Unassigned", |name| {
                std::str::from_utf8(name).unwrap_or_default()
            })
            .into(),
        text: error
            .text_slice()
            .map(|text| {
                String::from_utf8_lossy(&text[..text.len().min(512)])
                    .trim_end_matches('\0')
                    .to_owned()
            })
            .filter(|text| !text.is_empty()),
    }
}

/// Most octets of an NSID that are shown; identifiers are short (RFC 5001 §3.1).
const MAX_NSID: usize = 128;

fn option_text(option: &AllOptData<Bytes, domain::base::Name<Bytes>>) -> String {
    match option {
        AllOptData::Nsid(nsid) => format!("NSID: {}", octets_text(nsid.as_slice())),
        AllOptData::ClientSubnet(subnet) => format!(
            "CLIENT-SUBNET: {}/{}/{}",
            subnet.addr(),
            subnet.source_prefix_len(),
            subnet.scope_prefix_len()
        ),
        AllOptData::Cookie(cookie) => format!("cookie {cookie}"),
        AllOptData::Padding(padding) => format!("padding of {} octets", padding.as_slice().len()),
        AllOptData::TcpKeepalive(keepalive) => format!("TCP keepalive {keepalive}"),
        AllOptData::Other(other) => {
            format!(
                "option {} of {} octets",
                other.code().to_int(),
                other.as_slice().len()
            )
        }
        other => format!(
            "option {}",
            domain::base::opt::OptData::code(other).to_int()
        ),
    }
}

/// Octets in hexadecimal, and as text if they are printable, as dig shows them: `67 70 ("gp")`.
fn octets_text(octets: &[u8]) -> String {
    let shown = &octets[..octets.len().min(MAX_NSID)];
    let hex: Vec<String> = shown.iter().map(|octet| format!("{octet:02x}")).collect();
    let text: String = shown.iter().copied().map(char::from).collect();
    let is_text = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if is_text {
        format!("{} (\"{text}\")", hex.join(" "))
    } else {
        hex.join(" ")
    }
}

#[cfg(test)]
mod tests;
