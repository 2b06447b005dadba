//! What a router or host said instead of delivering a packet: ICMP errors of both families in one
//! vocabulary (RFC 792 and RFC 1812 §5.2.7 for IPv4, RFC 4443 §3 for IPv6).

use std::fmt;

use serde::Serialize;

/// The meaning of an ICMP error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The packet's TTL ran out (hop limit in IPv6): the normal answer of a hop on a route.
    TimeExceeded,
    /// Nothing listens on the port; from anyone but the target itself, a firewall's polite refusal.
    PortUnreachable,
    /// No route to the network.
    NetUnreachable,
    /// The last router cannot reach the host.
    HostUnreachable,
    /// The host does not speak the protocol.
    ProtocolUnreachable,
    /// A filter forbids it (communication administratively prohibited, rejected by policy).
    Prohibited,
    /// The packet is larger than the next link takes and must not be cut.
    FragmentationNeeded {
        /// Bytes that the next link takes; 0 where an old router does not say.
        mtu: u32,
    },
    /// Any other error, as the wire said it.
    Other {
        /// ICMP type.
        icmp_type: u8,
        /// ICMP code.
        code: u8,
    },
}

impl Notice {
    /// From an ICMP (IPv4) type and code; `info` is the next-hop MTU where there is one.
    #[must_use]
    pub fn from_icmp(icmp_type: u8, code: u8, info: u32) -> Self {
        match (icmp_type, code) {
            (11, _) => Self::TimeExceeded,
            (3, 0 | 6 | 11) => Self::NetUnreachable,
            (3, 1 | 7 | 8 | 12) => Self::HostUnreachable,
            (3, 2) => Self::ProtocolUnreachable,
            (3, 3) => Self::PortUnreachable,
            (3, 4) => Self::FragmentationNeeded { mtu: info },
            (3, 9 | 10 | 13) => Self::Prohibited,
            _ => Self::Other { icmp_type, code },
        }
    }

    /// From an `ICMPv6` type and code; `info` is the next-hop MTU where there is one.
    #[must_use]
    pub fn from_icmp6(icmp_type: u8, code: u8, info: u32) -> Self {
        match (icmp_type, code) {
            (3, _) => Self::TimeExceeded,
            (1, 0) => Self::NetUnreachable,
            // 5 and 6: source address failed policy, route rejects.
            (1, 1 | 5 | 6) => Self::Prohibited,
            (1, 2 | 3) => Self::HostUnreachable,
            (1, 4) => Self::PortUnreachable,
            (2, _) => Self::FragmentationNeeded { mtu: info },
            (4, 1) => Self::ProtocolUnreachable,
            _ => Self::Other { icmp_type, code },
        }
    }

    /// The mark that `traceroute` puts behind the time; none for what a healthy route answers.
    #[must_use]
    pub fn mark(self) -> Option<String> {
        Some(match self {
            Self::TimeExceeded | Self::PortUnreachable => return None,
            Self::NetUnreachable => "!N".into(),
            Self::HostUnreachable => "!H".into(),
            Self::ProtocolUnreachable => "!P".into(),
            Self::Prohibited => "!X".into(),
            Self::FragmentationNeeded { .. } => "!F".into(),
            Self::Other { code, .. } => format!("!{code}"),
        })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimeExceeded => "time to live exceeded",
            Self::PortUnreachable => "port unreachable",
            Self::NetUnreachable => "network unreachable",
            Self::HostUnreachable => "host unreachable",
            Self::ProtocolUnreachable => "protocol unreachable",
            Self::Prohibited => "administratively prohibited",
            Self::FragmentationNeeded { mtu } => {
                return write!(f, "fragmentation needed (MTU {mtu})");
            }
            Self::Other { icmp_type, code } => {
                return write!(f, "ICMP type {icmp_type} code {code}");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_mean_the_same() {
        assert_eq!(Notice::from_icmp(11, 0, 0), Notice::from_icmp6(3, 0, 0));
        assert_eq!(Notice::from_icmp(3, 3, 0), Notice::from_icmp6(1, 4, 0));
        assert_eq!(Notice::from_icmp(3, 13, 0), Notice::from_icmp6(1, 1, 0));
        assert_eq!(Notice::from_icmp(3, 1, 0), Notice::from_icmp6(1, 3, 0));
        assert_eq!(Notice::from_icmp(3, 0, 0), Notice::from_icmp6(1, 0, 0));
        assert_eq!(
            Notice::from_icmp(3, 4, 1300),
            Notice::from_icmp6(2, 0, 1300)
        );
    }

    #[test]
    fn marks_are_those_of_traceroute() {
        assert_eq!(Notice::from_icmp(3, 13, 0).mark().as_deref(), Some("!X"));
        assert_eq!(Notice::from_icmp(3, 1, 0).mark().as_deref(), Some("!H"));
        assert_eq!(Notice::from_icmp(3, 14, 0).mark().as_deref(), Some("!14"));
        assert_eq!(Notice::from_icmp(3, 3, 0).mark(), None);
    }

    #[test]
    fn every_code_of_icmp_has_its_meaning() {
        use Notice::{
            HostUnreachable, NetUnreachable, PortUnreachable, Prohibited, ProtocolUnreachable,
            TimeExceeded,
        };
        for (codes, expected) in [
            (&[(11, 0), (11, 1)][..], TimeExceeded),
            (&[(3, 0), (3, 6), (3, 11)], NetUnreachable),
            (&[(3, 1), (3, 7), (3, 8), (3, 12)], HostUnreachable),
            (&[(3, 2)], ProtocolUnreachable),
            (&[(3, 3)], PortUnreachable),
            (&[(3, 9), (3, 10), (3, 13)], Prohibited),
        ] {
            for (icmp_type, code) in codes {
                assert_eq!(
                    Notice::from_icmp(*icmp_type, *code, 9),
                    expected,
                    "{icmp_type} {code}"
                );
            }
        }
        for (icmp_type, code) in [
            (0, 0),
            (3, 5),
            (3, 14),
            (3, 255),
            (4, 0),
            (12, 0),
            (255, 255),
        ] {
            let other = Notice::Other { icmp_type, code };
            assert_eq!(Notice::from_icmp(icmp_type, code, 9), other);
        }
    }

    #[test]
    fn every_code_of_icmpv6_has_its_meaning() {
        for (icmp_type, code, expected) in [
            (3, 1, Notice::TimeExceeded),
            (1, 2, Notice::HostUnreachable),
            (1, 5, Notice::Prohibited),
            (1, 6, Notice::Prohibited),
            (2, 9, Notice::FragmentationNeeded { mtu: 1280 }),
            (4, 1, Notice::ProtocolUnreachable),
            (
                4,
                0,
                Notice::Other {
                    icmp_type: 4,
                    code: 0,
                },
            ),
            (
                1,
                7,
                Notice::Other {
                    icmp_type: 1,
                    code: 7,
                },
            ),
            (
                129,
                0,
                Notice::Other {
                    icmp_type: 129,
                    code: 0,
                },
            ),
        ] {
            assert_eq!(Notice::from_icmp6(icmp_type, code, 1280), expected);
        }
    }

    #[test]
    fn each_is_told_in_words_and_as_data() {
        let all = [
            Notice::TimeExceeded,
            Notice::PortUnreachable,
            Notice::NetUnreachable,
            Notice::HostUnreachable,
            Notice::ProtocolUnreachable,
            Notice::Prohibited,
            Notice::FragmentationNeeded { mtu: 1400 },
            Notice::Other {
                icmp_type: 3,
                code: 14,
            },
        ];
        let told = all.map(|notice| {
            let data = serde_json::to_string(&notice).expect("serializes");
            format!("{notice} {} {data}", notice.mark().unwrap_or_default())
        });
        insta::assert_snapshot!(told.join("\n"), @r#"
        time to live exceeded  {"kind":"time_exceeded"}
        port unreachable  {"kind":"port_unreachable"}
        network unreachable !N {"kind":"net_unreachable"}
        host unreachable !H {"kind":"host_unreachable"}
        protocol unreachable !P {"kind":"protocol_unreachable"}
        administratively prohibited !X {"kind":"prohibited"}
        fragmentation needed (MTU 1400) !F {"kind":"fragmentation_needed","mtu":1400}
        ICMP type 3 code 14 !14 {"kind":"other","icmp_type":3,"code":14}
        "#);
    }
}
