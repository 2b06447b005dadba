use super::*;

fn error(origin: u8, icmp_type: u8, code: u8, info: u32) -> libc::sock_extended_err {
    libc::sock_extended_err {
        ee_errno: 0,
        ee_origin: origin,
        ee_type: icmp_type,
        ee_code: code,
        ee_pad: 0,
        ee_info: info,
        ee_data: 0,
    }
}

#[test]
fn the_origin_decides_how_an_error_is_decoded() {
    let router = IpAddr::from([192, 0, 2, 1]);
    for (origin, icmp_type, code, expected) in [
        (
            libc::SO_EE_ORIGIN_ICMP,
            11,
            0,
            Some(IcmpError::TimeExceeded),
        ),
        (
            libc::SO_EE_ORIGIN_ICMP,
            3,
            4,
            Some(IcmpError::FragmentationNeeded { mtu: 1400 }),
        ),
        (
            libc::SO_EE_ORIGIN_ICMP6,
            3,
            0,
            Some(IcmpError::TimeExceeded),
        ),
        (
            libc::SO_EE_ORIGIN_ICMP6,
            2,
            0,
            Some(IcmpError::FragmentationNeeded { mtu: 1400 }),
        ),
        (libc::SO_EE_ORIGIN_LOCAL, 3, 3, None),
        (libc::SO_EE_ORIGIN_NONE, 11, 0, None),
        (255, 11, 0, None),
    ] {
        let report = report(&error(origin, icmp_type, code, 1400), Some(router));
        let expected = Report {
            notice: expected,
            offender: Some(router),
            info: 1400,
        };
        assert_eq!(report, expected, "{origin} {icmp_type} {code}");
    }
}

/// Returns a loopback socket connected to a port where nothing listens.
fn to_a_closed_port(any: &str) -> (std::net::UdpSocket, SocketAddr) {
    let bind = || std::net::UdpSocket::bind((any, 0)).expect("binds");
    let closed = bind().local_addr().expect("an address");
    let socket = bind();
    enable(&socket, closed.is_ipv6()).expect("an error queue");
    socket.connect(closed).expect("connects");
    (socket, closed)
}

#[test]
fn a_closed_port_is_reported_with_the_sender_and_the_quoted_payload() {
    for any in ["127.0.0.1", "::1"] {
        let (socket, closed) = to_a_closed_port(any);
        send(&socket, b"hello", None, None).expect("sends");
        let mut buffer = [0; 64];
        let message = receive(&socket, Queue::Errors, &mut buffer);
        let message = message.expect("reads").expect("loopback answers at once");
        assert_eq!(message.peer, Some(closed));
        assert_eq!(&buffer[..message.len], b"hello");
        let report = message.error.expect("an error");
        assert_eq!(report.notice, Some(IcmpError::PortUnreachable));
        assert_eq!(report.offender, Some(closed.ip()));
        let next = receive(&socket, Queue::Errors, &mut buffer).expect("reads");
        assert!(next.is_none(), "{next:?}");
    }
}

#[test]
fn data_has_its_sender_and_hop_limit() {
    for (any, ttl) in [("127.0.0.1", 9), ("::1", 200)] {
        let socket = std::net::UdpSocket::bind((any, 0)).expect("binds");
        let here = socket.local_addr().expect("an address");
        enable(&socket, here.is_ipv6()).expect("an error queue");
        let hops = Some((ttl, here.is_ipv6()));
        send(&socket, b"a longer packet", Some(here), hops).expect("sends");
        let mut messages = Vec::new();
        drain(&socket, |queue, message, bytes| {
            messages.push((queue, message.peer, message.ttl, bytes.to_vec()));
            assert!(message.stamp.is_some() && message.error.is_none());
        });
        let expected = (
            Queue::Data,
            Some(here),
            Some(ttl),
            b"a longer packet".to_vec(),
        );
        assert_eq!(messages, [expected]);
    }
}

#[tokio::test]
async fn sends_nothing_over_budget() {
    let (socket, _) = to_a_closed_port("127.0.0.1");
    let sent = egress_budget::EgressBudget::new(egress_budget::DATAGRAM as u32 + 4)
        .during(async { send(&socket, b"hello", None, None) });
    let error = sent.await.expect_err("one byte over budget");
    assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
    let read = receive(&socket, Queue::Errors, &mut [0; 64]).expect("reads");
    assert!(read.is_none());
}
