//! Which server is asked next, and when an answer is final.

use super::{GOOD, client, good, summary};
use crate::dns::{
    client::*,
    wire::{REFUSED, SERVFAIL, Scripted, answer, record, upstream},
};

pub(super) fn from(server: &Scripted, what: &str) -> (String, String) {
    (server.address.to_string(), what.to_owned())
}

#[tokio::test]
async fn after_a_refusal_the_next_server_answers_and_is_preferred() {
    for refusal in [
        (|query| Some(answer(query, SERVFAIL, None))) as fn(&[u8]) -> _,
        |query| Some(answer(query, REFUSED, None)),
    ] {
        let servers = [
            Scripted::start(refusal, None).await,
            Scripted::start(good, None).await,
        ];
        let client = client(&[&servers[0], &servers[1]], 2);
        for _ in 0..3 {
            assert_eq!(summary(&client).await, from(&servers[1], "192.0.2.1"));
        }
        assert_eq!((servers[0].query_count(), servers[1].query_count()), (1, 3));
    }
}

#[tokio::test]
async fn nxdomain_is_final() {
    let servers = [
        Scripted::start(|query| Some(answer(query, 3, None)), None).await,
        Scripted::start(good, None).await,
    ];
    let client = client(&[&servers[0], &servers[1]], 2);
    assert_eq!(summary(&client).await, from(&servers[0], "NXDOMAIN"));
    assert_eq!(servers[1].query_count(), 0);
}

#[tokio::test]
async fn returns_the_first_refusal_if_every_server_refuses() {
    let servers = [
        Scripted::start(|query| Some(answer(query, SERVFAIL, None)), None).await,
        Scripted::start(|query| Some(answer(query, REFUSED, None)), None).await,
    ];
    let client = client(&[&servers[0], &servers[1]], 3);
    assert_eq!(summary(&client).await, from(&servers[0], "SERVFAIL"));
    assert_eq!((servers[0].query_count(), servers[1].query_count()), (1, 1));
}

#[tokio::test]
async fn a_single_server_is_not_retried_after_a_refusal() {
    let server = Scripted::start(|query| Some(answer(query, SERVFAIL, None)), None).await;
    assert_eq!(
        summary(&client(&[&server], 3)).await,
        from(&server, "SERVFAIL")
    );
    assert_eq!(server.query_count(), 1);
}

#[tokio::test]
async fn skips_a_server_that_echoes_the_query() {
    let servers = [
        // echoes the query
        Scripted::start(|query| Some(query.to_vec()), None).await,
        Scripted::start(good, None).await,
    ];
    let both = client(&[&servers[0], &servers[1]], 1);
    assert_eq!(summary(&both).await, from(&servers[1], "192.0.2.1"));
    let (_, why) = summary(&client(&[&servers[0]], 1)).await;
    assert_eq!(why, format!("{}: malformed response", servers[0].address));
}

#[tokio::test]
async fn a_malformed_record_ends_the_lookup() {
    let broken = |query: &[u8]| {
        let mut wire = answer(query, 0, None);
        wire[7] = 1;
        wire.extend(record(&[0xc0, wire.len() as u8], 1, 60, &GOOD));
        Some(wire)
    };
    let servers = [
        Scripted::start(broken, None).await,
        Scripted::start(good, None).await,
    ];
    let (_, why) = summary(&client(&[&servers[0], &servers[1]], 2)).await;
    let start = format!("{}: malformed response: ", servers[0].address);
    assert!(why.starts_with(&start), "{why}");
    assert_eq!(servers[1].query_count(), 0);
}

#[tokio::test]
async fn ignores_responses_with_another_id() {
    // A response with another ID, then silence. An attacker does not know the ID, so the query must go on waiting.
    let forged = |query: &[u8]| {
        let mut wire = answer(query, 0, Some([203, 0, 113, 66]));
        wire[0] ^= 0xff;
        Some(wire)
    };
    let server = Scripted::start(forged, None).await;
    let client = client(&[&server], 1);
    let asking = summary(&client);
    tokio::pin!(asking);
    tokio::select! {
        biased;
        summary = &mut asking => panic!("{summary:?}"),
        () = async { while server.query_count() == 0 { tokio::task::yield_now().await } } => {}
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_port_fails_without_waiting_for_the_timeout() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("binds");
    let closed = free.local_addr().expect("an address");
    drop(free);
    let server = Scripted::start(good, None).await;
    let both = Client::new(vec![upstream(closed), server.upstream()], 1);
    assert_eq!(summary(&both).await, from(&server, "192.0.2.1"));
    let alone = Client::new(vec![upstream(closed)], 2);
    let (_, why) = summary(&alone).await;
    assert_eq!(
        why,
        format!("{closed}: connection refused (no DNS server is listening)")
    );
}

#[tokio::test(start_paused = true)]
async fn times_out_after_every_attempt() {
    let server = Scripted::start(|_| None, None).await;
    let failure = client(&[&server], 3)
        .query("www.example.com", Rtype::A)
        .await
        .expect_err("silence");
    assert!(
        matches!(&failure, Failure::Timeout { what, .. } if *what == server.address.to_string()),
        "{failure}"
    );
}

#[tokio::test]
async fn fails_without_configured_servers() {
    let (_, why) = summary(&Client::new(Vec::new(), 3)).await;
    assert_eq!(why, "no resolver is configured; see `[dns] servers`");
}
