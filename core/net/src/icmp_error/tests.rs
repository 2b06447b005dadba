use super::*;

#[test]
fn both_families_map_to_the_same_errors() {
    assert_eq!(
        IcmpError::from_icmp(11, 0, 0),
        IcmpError::from_icmp6(3, 0, 0)
    );
    assert_eq!(
        IcmpError::from_icmp(3, 3, 0),
        IcmpError::from_icmp6(1, 4, 0)
    );
    assert_eq!(
        IcmpError::from_icmp(3, 13, 0),
        IcmpError::from_icmp6(1, 1, 0)
    );
    assert_eq!(
        IcmpError::from_icmp(3, 1, 0),
        IcmpError::from_icmp6(1, 3, 0)
    );
    assert_eq!(
        IcmpError::from_icmp(3, 0, 0),
        IcmpError::from_icmp6(1, 0, 0)
    );
    assert_eq!(
        IcmpError::from_icmp(3, 4, 1300),
        IcmpError::from_icmp6(2, 0, 1300)
    );
}

#[test]
fn marks_match_traceroute() {
    assert_eq!(IcmpError::from_icmp(3, 13, 0).mark().as_deref(), Some("!X"));
    assert_eq!(IcmpError::from_icmp(3, 1, 0).mark().as_deref(), Some("!H"));
    assert_eq!(
        IcmpError::from_icmp(3, 14, 0).mark().as_deref(),
        Some("!14")
    );
    assert_eq!(IcmpError::from_icmp(3, 3, 0).mark(), None);
}

#[test]
fn maps_every_icmp_code() {
    use IcmpError::{
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
                IcmpError::from_icmp(*icmp_type, *code, 9),
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
        let other = IcmpError::Other { icmp_type, code };
        assert_eq!(IcmpError::from_icmp(icmp_type, code, 9), other);
    }
}

#[test]
fn maps_every_icmpv6_code() {
    for (icmp_type, code, expected) in [
        (3, 1, IcmpError::TimeExceeded),
        (1, 2, IcmpError::HostUnreachable),
        (1, 5, IcmpError::Prohibited),
        (1, 6, IcmpError::Prohibited),
        (2, 9, IcmpError::FragmentationNeeded { mtu: 1280 }),
        (4, 1, IcmpError::ProtocolUnreachable),
        (
            4,
            0,
            IcmpError::Other {
                icmp_type: 4,
                code: 0,
            },
        ),
        (
            1,
            7,
            IcmpError::Other {
                icmp_type: 1,
                code: 7,
            },
        ),
        (
            129,
            0,
            IcmpError::Other {
                icmp_type: 129,
                code: 0,
            },
        ),
    ] {
        assert_eq!(IcmpError::from_icmp6(icmp_type, code, 1280), expected);
    }
}

#[test]
fn each_error_has_a_text_and_a_serialized_form() {
    let all = [
        IcmpError::TimeExceeded,
        IcmpError::PortUnreachable,
        IcmpError::NetUnreachable,
        IcmpError::HostUnreachable,
        IcmpError::ProtocolUnreachable,
        IcmpError::Prohibited,
        IcmpError::FragmentationNeeded { mtu: 1400 },
        IcmpError::Other {
            icmp_type: 3,
            code: 14,
        },
    ];
    let texts = all.map(|notice| {
        let data = serde_json::to_string(&notice).expect("serializes");
        format!("{notice} {} {data}", notice.mark().unwrap_or_default())
    });
    insta::assert_snapshot!(texts.join("\n"), @r#"
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
