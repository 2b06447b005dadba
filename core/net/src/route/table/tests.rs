use super::*;

const TARGET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));

fn table() -> Table {
    Table::new(TARGET, IpAddr::from([198, 51, 100, 1]), 5, 2)
}

fn answer(ttl: u8, column: u8, from: IpAddr, notice: IcmpError) -> ProbeReply {
    let rtt = Duration::from_millis(5);
    ProbeReply {
        ttl,
        column,
        from,
        rtt,
        notice: Some(notice),
        method: Method::Udp,
    }
}

fn router(n: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, 10 + n])
}

#[test]
fn the_first_reply_of_the_target_ends_the_route() {
    let mut table = table();
    for ttl in [5, 4, 3] {
        table.record(answer(ttl, 0, TARGET, IcmpError::PortUnreachable));
    }

    assert_eq!(
        table.end(),
        Some(RouteEnd {
            ttl: 3,
            reached: Some(Method::Udp)
        })
    );

    assert_eq!(table.silent(), [1, 2]);
    for ttl in 1..=3 {
        for column in 0..2 {
            table.record(answer(ttl, column, router(ttl), IcmpError::TimeExceeded));
        }
    }

    assert!(table.complete());
    let hops = table.hops(true);
    assert_eq!(hops.len(), 3);
    assert!(
        hops.iter()
            .flat_map(|hop| &hop.probes)
            .flatten()
            .all(|p| p.note.is_none())
    );
}

#[test]
fn a_rejection_ends_the_route_unless_a_later_hop_answers() {
    let mut table = table();
    table.record(answer(2, 0, router(2), IcmpError::Prohibited));
    table.record(answer(4, 0, router(2), IcmpError::Prohibited));
    assert_eq!(
        table.end(),
        Some(RouteEnd {
            ttl: 2,
            reached: None
        })
    );

    table.record(answer(3, 0, router(3), IcmpError::TimeExceeded));
    assert_eq!(
        table.end(),
        Some(RouteEnd {
            ttl: 4,
            reached: None
        })
    );

    table.record(answer(5, 0, TARGET, IcmpError::PortUnreachable));
    assert_eq!(
        table.end(),
        Some(RouteEnd {
            ttl: 5,
            reached: Some(Method::Udp)
        })
    );

    let hops = table.hops(true);
    let note = hops[1].probes[0]
        .as_ref()
        .and_then(|p| p.note.clone())
        .expect("there");
    assert_eq!(note.mark.as_deref(), Some("!X"));
    assert!(!note.local);
}

#[test]
fn port_unreachable_from_a_firewall_is_not_the_target() {
    let mut table = table();
    table.record(answer(2, 0, router(2), IcmpError::PortUnreachable));
    assert_eq!(
        table.end(),
        Some(RouteEnd {
            ttl: 2,
            reached: None
        })
    );
    let hops = table.hops(true);
    let note = hops[1].probes[0]
        .as_ref()
        .and_then(|p| p.note.clone())
        .expect("there");
    assert_eq!(note.mark.as_deref(), Some("!3"));
}

#[test]
fn adds_one_hop_without_a_reply_if_there_is_no_end() {
    let mut table = table();
    table.record(answer(2, 1, router(2), IcmpError::TimeExceeded));
    assert!(!table.record(answer(2, 1, router(3), IcmpError::TimeExceeded)));
    assert!(!table.record(answer(9, 0, router(3), IcmpError::TimeExceeded)));
    assert_eq!(table.hops(false).len(), 2);
    assert_eq!(table.hops(true).len(), 3);
    assert_eq!(table.silent(), [1, 3, 4, 5]);
}

#[test]
fn marks_errors_of_the_local_kernel_and_assigns_mtus_to_hops() {
    let mut table = table();
    let own = table.source;
    table.record(answer(1, 0, own, IcmpError::HostUnreachable));
    table.record_mtu(PathMtu {
        mtu: 1300,
        address: own,
    });
    let hops = table.hops(true);
    assert!(
        hops[0].probes[0]
            .as_ref()
            .and_then(|p| p.note.clone())
            .expect("there")
            .local
    );
    assert_eq!(hops[0].mtu, Some(1300));
    assert_eq!(table.slowest, Duration::ZERO);
}
