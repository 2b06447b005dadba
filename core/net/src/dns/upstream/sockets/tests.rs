use std::{collections::HashSet, net::Ipv4Addr};

use super::*;
use crate::dns::wire::{QR, message};

const NONE: [&[Vec<u8>]; 3] = [&[], &[], &[]];

/// A name server whose responses the test writes, and the sockets that query it.
struct Lab {
    server: UdpSocket,
    sockets: Arc<Sockets>,
}

impl Lab {
    async fn new() -> Self {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("binds");
        let address = server.local_addr().expect("an address");
        Self {
            server,
            sockets: Sockets::new(address),
        }
    }

    async fn send(&self, name: &str, id: u16) -> Sent {
        let mut query = message(0x0100, Some((name, 1)), NONE);
        query[..2].copy_from_slice(&id.to_be_bytes());
        self.sockets.send(query).await.expect("sent")
    }

    /// Receives a query; returns its ID and the port that it came from.
    async fn receive(&self) -> (u16, u16) {
        let mut buffer = [0; 512];
        let (_, from) = self.server.recv_from(&mut buffer).await.expect("a query");
        (u16::from_be_bytes([buffer[0], buffer[1]]), from.port())
    }

    async fn respond(&self, name: &str, id: u16, port: u16) {
        let mut response = message(QR, Some((name, 1)), NONE);
        response[..2].copy_from_slice(&id.to_be_bytes());
        let to = (Ipv4Addr::LOCALHOST, port);
        self.server.send_to(&response, to).await.expect("sent");
    }
}

#[tokio::test]
async fn the_first_queries_have_ports_of_their_own_and_the_next_share_them() {
    let lab = Lab::new().await;
    let mut sent = Vec::new();
    let mut ports = Vec::new();

    for id in 0..(MIN_SOCKETS * MAX_WAITING) as u16 {
        sent.push(lab.send("example.com", id).await);
        ports.push(lab.receive().await.1);
    }
    let distinct: HashSet<_> = ports.iter().collect();
    let first: HashSet<_> = ports[..MIN_SOCKETS].iter().collect();
    assert_eq!(first.len(), MIN_SOCKETS);
    assert_eq!(distinct, first);

    // Each of them now has as many as it may have.
    sent.push(lab.send("example.com", 7).await);
    assert!(!ports.contains(&lab.receive().await.1));
}

#[tokio::test]
async fn each_query_gets_its_own_response_whatever_their_order() {
    let lab = Lab::new().await;
    let mut sent = Vec::new();
    for id in 0..20 {
        sent.push((
            lab.send(&format!("n{id}.test"), id).await,
            lab.receive().await,
        ));
    }

    for (number, (_, (id, port))) in sent.iter().enumerate().rev() {
        // Neither another question nor another ID ends the wait.
        lab.respond("other.test", *id, *port).await;
        lab.respond(&format!("n{number}.test"), id.wrapping_add(1000), *port)
            .await;
        lab.respond(&format!("n{number}.test"), *id, *port).await;
    }
    for (number, (mut query, (id, _))) in sent.into_iter().enumerate() {
        let mut expected = message(QR, Some((&format!("n{number}.test"), 1)), NONE);
        expected[..2].copy_from_slice(&id.to_be_bytes());
        assert_eq!(query.response().await.expect("a response"), expected);
    }
}

#[tokio::test]
async fn queries_on_one_socket_have_different_ids() {
    let lab = Lab::new().await;
    let mut sent = Vec::new();
    let mut seen = HashSet::new();
    for _ in 0..2 * MIN_SOCKETS {
        sent.push(lab.send("example.com", 7).await);
        assert!(seen.insert(lab.receive().await), "an ID twice on one port");
    }
}

#[tokio::test]
async fn a_query_waits_on_after_a_response_of_somebody_else() {
    let lab = Lab::new().await;
    let mut query = lab.send("example.com", 7).await;
    let (id, port) = lab.receive().await;
    for _ in 0..2 {
        lab.respond("example.com", id, port).await;
        query.response().await.expect("a response");
        query.wait_again(&message(0x0100, Some(("example.com", 1)), NONE));
    }
}

#[tokio::test]
async fn a_dropped_query_is_forgotten_and_its_socket_used_no_more() {
    let lab = Lab::new().await;
    let query = lab.send("example.com", 7).await;
    let shared = query.shared.clone();
    assert_eq!(lock(&shared.queries).waiting.len(), 1);
    drop(query);
    assert_eq!(lock(&shared.queries).waiting.len(), 0);
    assert!(!shared.is_young());
}

#[tokio::test]
async fn a_closed_port_fails_all_queries_and_retires_the_socket() {
    let lab = Lab::new().await;
    let Lab { server, sockets } = lab;
    let query = message(0x0100, Some(("example.com", 1)), NONE);
    let mut first = sockets.send(query.clone()).await.expect("sent");
    drop(server);
    first.shared.socket.send(&query).await.expect("sent");

    let error = first.response().await.expect_err("refused");
    assert!(error.to_string().contains("refused"), "{error}");
    while !lock(&sockets.open).is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn sockets_are_replaced_after_some_queries_and_some_time() {
    let lab = Lab::new().await;
    for (queries, time) in [(MAX_QUERIES, Duration::ZERO), (1, MAX_AGE)] {
        let shared = lab.sockets.pick().expect("a socket");
        lock(&shared.queries).total = queries;
        tokio::time::advance(time).await;
        lab.sockets.pick().expect("a socket");
        let kept = lock(&lab.sockets.open);
        assert!(!kept.iter().any(|open| Arc::ptr_eq(open, &shared)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_socket_serves_the_query_that_waits_and_closes() {
    let lab = Lab::new().await;
    let mut query = lab.send("example.com", 7).await;
    let socket = Arc::downgrade(&query.shared.socket);
    let (id, port) = lab.receive().await;

    tokio::time::sleep(MAX_AGE + Duration::from_millis(1)).await;
    assert!(lock(&lab.sockets.open).is_empty());
    lab.respond("example.com", id, port).await;
    query.response().await.expect("a response");

    drop(query);
    while socket.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_is_left_of_sockets_that_nobody_uses() {
    let lab = Lab::new().await;
    let query = lab.send("example.com", 7).await;
    let socket = Arc::downgrade(&query.shared.socket);
    drop((query, lab));
    while socket.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}
