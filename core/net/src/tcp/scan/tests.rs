use tokio::io::AsyncWriteExt;

use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn reports_each_port_once_in_the_requested_order() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("binds");
    let open = listener.local_addr().expect("an address").port();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let free = closed.local_addr().expect("an address").port();
    drop(closed);
    let greeting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let _ = stream.write_all(b"220 hello\r\n").await;
        stream
    });

    let mut reported = Vec::new();
    let ports = [free, open, free, open];
    let results = check_ports(LOOPBACK, &ports, ScanOptions::default(), |result| {
        reported.push((result.port, result.state));
    })
    .await;
    let _ = greeting.await;

    let states: Vec<_> = results
        .iter()
        .map(|result| (result.port, result.state))
        .collect();
    assert_eq!(states, [(free, PortState::Closed), (open, PortState::Open)]);
    assert!(
        results
            .iter()
            .all(|result| result.rtt_ms.is_some() && result.reason.is_none())
    );
    assert!(reported.contains(&states[0]) && reported.contains(&states[1]));
}

#[tokio::test]
async fn returns_at_once_without_ports() {
    let none = check_ports(LOOPBACK, &[], ScanOptions::default(), |_| {
        panic!("a result")
    })
    .await;
    assert!(none.is_empty());
}

#[test]
fn a_local_shortage_is_not_an_answer() {
    use nix::libc;
    for (code, shortage) in [
        (libc::EMFILE, true),
        (libc::ENFILE, true),
        (libc::ENOBUFS, true),
        (libc::EADDRNOTAVAIL, true),
        (libc::ECONNREFUSED, false),
        (libc::ENETUNREACH, false),
        (libc::EACCES, false),
    ] {
        let error = io::Error::from_raw_os_error(code);
        assert_eq!(is_shortage(&error), shortage, "{error}");
    }
    assert!(!is_shortage(&io::Error::other("no code")));
}

#[tokio::test]
async fn reports_a_port_as_not_checked_without_sockets() {
    let mut scan = Scan::new(LOOPBACK, &[80], ScanOptions::default());
    scan.queue.clear();
    let mut results = Vec::new();
    for _ in 0..=SHORTAGES {
        let shortage = io::Error::from_raw_os_error(nix::libc::EMFILE);
        scan.finish(Ok((0, 0, Err(shortage))), &mut |result: &PortResult| {
            results.push(result.clone());
        });
    }
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].state, PortState::Filtered);
    let reason = results[0].reason.as_deref().unwrap_or_default();
    assert!(reason.starts_with("not checked: "), "{reason}");
    assert_eq!((scan.unresolved, scan.budget), (0, 1));
}
