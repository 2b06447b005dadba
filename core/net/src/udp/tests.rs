use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A port on loopback that nothing is bound to.
fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("binds");
    socket.local_addr().expect("an address").port()
}

#[tokio::test]
async fn tells_open_closed_and_silent_ports_apart() {
    let echo = UdpSocket::bind("127.0.0.1:0").await.expect("binds");
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("binds");
    let port = |socket: &UdpSocket| socket.local_addr().expect("an address").port();
    let ports = [port(&silent), port(&echo), free_port(), port(&echo)];
    tokio::spawn(async move {
        let mut buffer = [0; 64];
        while let Ok((_, peer)) = echo.recv_from(&mut buffer).await {
            let _ = echo.send_to(b"hello", peer).await;
        }
    });

    let mut reported = 0;
    let results = check_udp_ports(LOOPBACK, &ports, |_| reported += 1).await;
    let states: Vec<_> = results
        .iter()
        .map(|result| (result.port, result.state))
        .collect();
    assert_eq!(
        states,
        [
            (ports[0], PortState::NoReply),
            (ports[1], PortState::Open),
            (ports[2], PortState::Closed)
        ]
    );
    assert_eq!(reported, 3);
    assert!(results[0].rtt_ms.is_none() && results[0].reason.is_none());
    assert!(results[1..].iter().all(|result| result.rtt_ms > Some(0.0)));
}

#[tokio::test]
async fn sends_nothing_over_budget() {
    let budget = egress_budget::EgressBudget::new(1);
    let ports = [free_port()];
    let results = budget.during(check_udp_ports(LOOPBACK, &ports, |_| {}));
    let result = results.await.remove(0);
    assert_eq!(result.state, PortState::Filtered);
    let reason = result.reason.expect("a reason");
    assert!(reason.contains("egress limit"), "{reason}");
}
