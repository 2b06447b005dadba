//! The class of an IP address: the IANA IPv4 and IPv6 Special-Purpose Address Registries as one table.
//!
//! Source: the two registries of RFC 6890, as of 2025-10, plus multicast, the limited broadcast address, and the
//! unallocated parts of IPv6 (RFC 4291). The address guard relies on this table, so every row has its exact flag.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The class of an address; the `scope` member of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Public address (global unicast).
    Global,
    /// Private use (RFC 1918).
    Private,
    /// Loopback: the host itself.
    Loopback,
    /// Valid on one link only.
    LinkLocal,
    /// IPv6 private use (RFC 4193), or the older site-local addresses.
    UniqueLocal,
    /// Shared address space for carrier-grade NAT (RFC 6598).
    Shared,
    /// Reserved for examples in documentation.
    Documentation,
    /// Reserved for benchmarks in lab networks.
    Benchmarking,
    /// Multicast: a group of receivers.
    Multicast,
    /// Limited broadcast: all hosts on the link.
    Broadcast,
    /// The unspecified address: `0.0.0.0` or `::`.
    Unspecified,
    /// Embeds an IPv4 address: 6to4, Teredo, NAT64, IPv4-compatible.
    Transition,
    /// Assigned by the IETF to a protocol, not to hosts.
    Protocol,
    /// Discard-only: routers drop packets to it.
    Discard,
    /// Reserved, not in use (yet).
    Reserved,
}

impl Kind {
    /// The name in JSON, e.g. `link_local`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Global => "global",
            Kind::Private => "private",
            Kind::Loopback => "loopback",
            Kind::LinkLocal => "link_local",
            Kind::UniqueLocal => "unique_local",
            Kind::Shared => "shared",
            Kind::Documentation => "documentation",
            Kind::Benchmarking => "benchmarking",
            Kind::Multicast => "multicast",
            Kind::Broadcast => "broadcast",
            Kind::Unspecified => "unspecified",
            Kind::Transition => "transition",
            Kind::Protocol => "protocol",
            Kind::Discard => "discard",
            Kind::Reserved => "reserved",
        }
    }
}

/// The classification of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Class of the address.
    pub kind: Kind,
    /// Name of the block in the registry; empty for ordinary global addresses.
    pub name: &'static str,
    /// The defining document, e.g. `RFC 1918`; empty for ordinary global addresses.
    pub rfc: &'static str,
    /// The special-purpose block; `None` for ordinary global addresses.
    pub prefix: Option<IpNet>,
    /// The "Globally Reachable" flag of the registry, `false` for N/A. The guard uses [`is_global`].
    pub reachable: bool,
}

const GLOBAL: Scope = Scope {
    kind: Kind::Global,
    name: "",
    rfc: "",
    prefix: None,
    reachable: true,
};

struct RegistryRow<A: 'static>(A, u8, Kind, bool, &'static str, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> u32 {
    u32::from_be_bytes([a, b, c, d])
}

/// An address from its first four groups and its last group; no row needs more.
const fn v6(a: u16, b: u16, c: u16, d: u16, last: u16) -> u128 {
    (a as u128) << 112 | (b as u128) << 96 | (c as u128) << 80 | (d as u128) << 64 | last as u128
}

/// The first match wins, so exceptions precede the block that contains them.
#[rustfmt::skip]
static V4: &[RegistryRow<u32>] = &[
    RegistryRow(v4(0, 0, 0, 0), 32, Kind::Unspecified, false, "This host on this network", "RFC 1122"),
    RegistryRow(v4(0, 0, 0, 0), 8, Kind::Reserved, false, "This network", "RFC 791"),
    RegistryRow(v4(10, 0, 0, 0), 8, Kind::Private, false, "Private-Use", "RFC 1918"),
    RegistryRow(v4(100, 64, 0, 0), 10, Kind::Shared, false, "Shared Address Space", "RFC 6598"),
    RegistryRow(v4(127, 0, 0, 0), 8, Kind::Loopback, false, "Loopback", "RFC 1122"),
    RegistryRow(v4(169, 254, 0, 0), 16, Kind::LinkLocal, false, "Link Local", "RFC 3927"),
    RegistryRow(v4(172, 16, 0, 0), 12, Kind::Private, false, "Private-Use", "RFC 1918"),
    RegistryRow(v4(192, 0, 0, 0), 29, Kind::Protocol, false, "IPv4 Service Continuity Prefix", "RFC 7335"),
    RegistryRow(v4(192, 0, 0, 8), 32, Kind::Protocol, false, "IPv4 dummy address", "RFC 7600"),
    RegistryRow(v4(192, 0, 0, 9), 32, Kind::Protocol, true, "Port Control Protocol Anycast", "RFC 7723"),
    RegistryRow(v4(192, 0, 0, 10), 32, Kind::Protocol, true, "Traversal Using Relays around NAT Anycast", "RFC 8155"),
    RegistryRow(v4(192, 0, 0, 170), 31, Kind::Protocol, false, "NAT64/DNS64 Discovery", "RFC 8880"),
    RegistryRow(v4(192, 0, 0, 0), 24, Kind::Protocol, false, "IETF Protocol Assignments", "RFC 6890"),
    RegistryRow(v4(192, 0, 2, 0), 24, Kind::Documentation, false, "Documentation (TEST-NET-1)", "RFC 5737"),
    RegistryRow(v4(192, 31, 196, 0), 24, Kind::Global, true, "AS112-v4", "RFC 7535"),
    RegistryRow(v4(192, 52, 193, 0), 24, Kind::Global, true, "AMT", "RFC 7450"),
    RegistryRow(v4(192, 88, 99, 2), 32, Kind::Transition, false, "6a44-relay anycast address", "RFC 6751"),
    RegistryRow(v4(192, 88, 99, 0), 24, Kind::Transition, false, "Deprecated (6to4 Relay Anycast)", "RFC 7526"),
    RegistryRow(v4(192, 168, 0, 0), 16, Kind::Private, false, "Private-Use", "RFC 1918"),
    RegistryRow(v4(192, 175, 48, 0), 24, Kind::Global, true, "Direct Delegation AS112 Service", "RFC 7534"),
    RegistryRow(v4(198, 18, 0, 0), 15, Kind::Benchmarking, false, "Benchmarking", "RFC 2544"),
    RegistryRow(v4(198, 51, 100, 0), 24, Kind::Documentation, false, "Documentation (TEST-NET-2)", "RFC 5737"),
    RegistryRow(v4(203, 0, 113, 0), 24, Kind::Documentation, false, "Documentation (TEST-NET-3)", "RFC 5737"),
    RegistryRow(v4(233, 252, 0, 0), 24, Kind::Documentation, false, "Documentation (MCAST-TEST-NET)", "RFC 6676"),
    RegistryRow(v4(224, 0, 0, 0), 4, Kind::Multicast, false, "Multicast", "RFC 5771"),
    RegistryRow(v4(255, 255, 255, 255), 32, Kind::Broadcast, false, "Limited Broadcast", "RFC 919"),
    RegistryRow(v4(240, 0, 0, 0), 4, Kind::Reserved, false, "Reserved", "RFC 1112"),
];

/// Like [`V4`]. Addresses without a row are global inside 2000::/3 and reserved outside.
#[rustfmt::skip]
static V6: &[RegistryRow<u128>] = &[
    RegistryRow(v6(0, 0, 0, 0, 0), 128, Kind::Unspecified, false, "Unspecified Address", "RFC 4291"),
    RegistryRow(v6(0, 0, 0, 0, 1), 128, Kind::Loopback, false, "Loopback Address", "RFC 4291"),
    RegistryRow(v6(0, 0, 0, 0, 0), 96, Kind::Transition, false, "Deprecated (IPv4-Compatible)", "RFC 4291"),
    RegistryRow(v6(0x64, 0xff9b, 0, 0, 0), 96, Kind::Transition, true, "IPv4-IPv6 Translation (NAT64)", "RFC 6052"),
    RegistryRow(v6(0x64, 0xff9b, 1, 0, 0), 48, Kind::Transition, false, "Local-Use IPv4/IPv6 Translation", "RFC 8215"),
    RegistryRow(v6(0x100, 0, 0, 0, 0), 64, Kind::Discard, false, "Discard-Only Address Block", "RFC 6666"),
    RegistryRow(v6(0x100, 0, 0, 1, 0), 64, Kind::Protocol, false, "Dummy IPv6 Prefix", "RFC 9780"),
    RegistryRow(v6(0x2001, 0, 0, 0, 0), 32, Kind::Transition, false, "Teredo", "RFC 4380"),
    RegistryRow(v6(0x2001, 1, 0, 0, 1), 128, Kind::Protocol, true, "Port Control Protocol Anycast", "RFC 7723"),
    RegistryRow(v6(0x2001, 1, 0, 0, 2), 128, Kind::Protocol, true, "Traversal Using Relays around NAT Anycast", "RFC 8155"),
    RegistryRow(v6(0x2001, 1, 0, 0, 3), 128, Kind::Protocol, true, "DNS-SD Service Registration Protocol Anycast", "RFC 9665"),
    RegistryRow(v6(0x2001, 2, 0, 0, 0), 48, Kind::Benchmarking, false, "Benchmarking", "RFC 5180"),
    RegistryRow(v6(0x2001, 3, 0, 0, 0), 32, Kind::Global, true, "AMT", "RFC 7450"),
    RegistryRow(v6(0x2001, 4, 0x112, 0, 0), 48, Kind::Global, true, "AS112-v6", "RFC 7535"),
    RegistryRow(v6(0x2001, 0x10, 0, 0, 0), 28, Kind::Reserved, false, "Deprecated (previously ORCHID)", "RFC 4843"),
    RegistryRow(v6(0x2001, 0x20, 0, 0, 0), 28, Kind::Protocol, true, "ORCHIDv2", "RFC 7343"),
    RegistryRow(v6(0x2001, 0x30, 0, 0, 0), 28, Kind::Protocol, true, "Drone Remote ID Protocol Entity Tags", "RFC 9374"),
    RegistryRow(v6(0x2001, 0, 0, 0, 0), 23, Kind::Protocol, false, "IETF Protocol Assignments", "RFC 2928"),
    RegistryRow(v6(0x2001, 0xdb8, 0, 0, 0), 32, Kind::Documentation, false, "Documentation", "RFC 3849"),
    RegistryRow(v6(0x2002, 0, 0, 0, 0), 16, Kind::Transition, false, "6to4", "RFC 3056"),
    RegistryRow(v6(0x2620, 0x4f, 0x8000, 0, 0), 48, Kind::Global, true, "Direct Delegation AS112 Service", "RFC 7534"),
    RegistryRow(v6(0x3fff, 0, 0, 0, 0), 20, Kind::Documentation, false, "Documentation", "RFC 9637"),
    RegistryRow(v6(0x5f00, 0, 0, 0, 0), 16, Kind::Protocol, false, "Segment Routing (SRv6) SIDs", "RFC 9602"),
    RegistryRow(v6(0xfc00, 0, 0, 0, 0), 7, Kind::UniqueLocal, false, "Unique-Local", "RFC 4193"),
    RegistryRow(v6(0xfe80, 0, 0, 0, 0), 10, Kind::LinkLocal, false, "Link-Local Unicast", "RFC 4291"),
    RegistryRow(v6(0xfec0, 0, 0, 0, 0), 10, Kind::UniqueLocal, false, "Deprecated (Site-Local Unicast)", "RFC 3879"),
    RegistryRow(v6(0xff00, 0, 0, 0, 0), 8, Kind::Multicast, false, "Multicast", "RFC 4291"),
    // The complement of 2000::/3 as three blocks; nothing in them is allocated.
    RegistryRow(v6(0, 0, 0, 0, 0), 3, Kind::Reserved, false, "Reserved by IETF", "RFC 4291"),
    RegistryRow(v6(0x4000, 0, 0, 0, 0), 2, Kind::Reserved, false, "Reserved by IETF", "RFC 4291"),
    RegistryRow(v6(0x8000, 0, 0, 0, 0), 1, Kind::Reserved, false, "Reserved by IETF", "RFC 4291"),
];

/// Classifies an address. An IPv4-mapped IPv6 address has the class of its IPv4 address, because packets go there.
pub fn classify(address: IpAddr) -> Scope {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let bits = v4.to_bits();
            let row = V4.iter().find(|row| {
                (bits ^ row.0)
                    .checked_shr(32 - u32::from(row.1))
                    .unwrap_or(0)
                    == 0
            });
            row.map_or(GLOBAL, |row| scope(Ipv4Addr::from_bits(row.0).into(), row))
        }
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            let row = V6.iter().find(|row| {
                (bits ^ row.0)
                    .checked_shr(128 - u32::from(row.1))
                    .unwrap_or(0)
                    == 0
            });
            row.map_or(GLOBAL, |row| scope(Ipv6Addr::from_bits(row.0).into(), row))
        }
    }
}

fn scope<A>(
    network: IpAddr,
    &RegistryRow(_, length, kind, reachable, name, rfc): &RegistryRow<A>,
) -> Scope {
    Scope {
        kind,
        name,
        rfc,
        prefix: IpNet::new(network, length).ok(),
        reachable,
    }
}

/// Classifies a network: as the smallest registered block that contains it, or as ordinary global addresses. `None` if
/// it contains addresses of several classes, such as `0.0.0.0/0`.
pub fn classify_network(network: IpNet) -> Option<Scope> {
    let blocks = || -> Vec<Scope> {
        match network {
            IpNet::V4(_) => V4
                .iter()
                .map(|row| scope(Ipv4Addr::from_bits(row.0).into(), row))
                .collect(),
            IpNet::V6(_) => V6
                .iter()
                .map(|row| scope(Ipv6Addr::from_bits(row.0).into(), row))
                .collect(),
        }
    };

    let mut inside_all_global = true;
    for block in blocks() {
        let Some(prefix) = block.prefix else { continue };
        if prefix.contains(&network) {
            return Some(block);
        }
        if network.contains(&prefix) {
            inside_all_global &= block.kind == Kind::Global;
        }
    }

    inside_all_global.then_some(GLOBAL)
}

/// Whether lookups of remote users may contact the address: it is globally reachable according to the registry, and
/// so is an embedded IPv4 address (`64:ff9b::10.0.0.1` reaches `10.0.0.1`).
pub fn is_global(address: IpAddr) -> bool {
    let inner = match address {
        IpAddr::V6(v6) => embedded_v4(v6),
        IpAddr::V4(_) => None,
    };
    classify(address).reachable && inner.is_none_or(|(v4, _)| classify(v4.into()).reachable)
}

/// How an IPv6 address embeds an IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedding {
    /// IPv4-mapped, `::ffff:0:0/96` (RFC 4291).
    Mapped,
    /// IPv4-compatible, `::/96` (RFC 4291, deprecated).
    Compatible,
    /// NAT64, `64:ff9b::/96` (RFC 6052).
    Nat64,
    /// `2002::/16`, RFC 3056: the router of the site.
    SixToFour,
    /// `2001::/32`, RFC 4380: the public address of the client, stored inverted.
    Teredo,
    /// ISATAP, interface identifier `::0:5efe:a.b.c.d` or `::200:5efe:…` (RFC 5214).
    Isatap,
}

/// Returns the IPv4 address embedded in an IPv6 address, and the kind of embedding.
pub fn embedded_v4(address: Ipv6Addr) -> Option<(Ipv4Addr, Embedding)> {
    let s = address.segments();
    let pair = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    let low = pair(s[6], s[7]);
    match s {
        [0, 0, 0, 0, 0, 0xffff, ..] => Some((low, Embedding::Mapped)),
        // `::` and `::1` are not IPv4 addresses.
        [0, 0, 0, 0, 0, 0, ..] if low.to_bits() > 1 => Some((low, Embedding::Compatible)),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some((low, Embedding::Nat64)),
        [0x2002, a, b, ..] => Some((pair(a, b), Embedding::SixToFour)),
        [0x2001, 0, ..] => Some((Ipv4Addr::from_bits(!low.to_bits()), Embedding::Teredo)),
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => Some((low, Embedding::Isatap)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
