use super::*;
use crate::dns::wire::{Scripted, answer};

fn no_server() -> Client {
    Client::new(Vec::new(), 1)
}

async fn working_server() -> (Scripted, Client) {
    let server = Scripted::start(|query| Some(answer(query, 0, None)), None).await;
    let client = Client::new(vec![server.upstream()], 1);
    (server, client)
}

fn note(resolver_health: &ResolverHealth, answered: &[bool]) {
    answered
        .iter()
        .for_each(|answered| resolver_health.note(*answered));
}

/// Advances the clock, then resumes it, since the next step uses sockets.
async fn advance(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[tokio::test]
async fn unused_resolvers_and_two_failures_count_as_healthy() {
    let resolver_health = ResolverHealth::default();
    for answered in [&[][..], &[false, false], &[true, false, false], &[true]] {
        note(&resolver_health, answered);
        assert!(resolver_health.check(&no_server()).await.is_ok());
        note(&resolver_health, &[true]);
    }
}

#[tokio::test]
async fn after_three_failures_a_check_sends_a_query() {
    let resolver_health = ResolverHealth::default();
    note(&resolver_health, &[false, false, false]);
    let failure = resolver_health
        .check(&no_server())
        .await
        .expect_err("nobody");
    assert_eq!(
        failure.to_string(),
        "no resolver is configured; see `[dns] servers`"
    );
    let resolver_health = ResolverHealth::default();
    note(&resolver_health, &[false, false, false]);
    let (server, client) = working_server().await;
    assert!(resolver_health.check(&client).await.is_ok());
    assert_eq!(server.query_count(), 1);
}

#[tokio::test]
async fn the_result_is_reused_for_three_seconds() {
    let resolver_health = ResolverHealth::default();
    note(&resolver_health, &[false, false, false]);
    let (server, client) = working_server().await;
    assert!(resolver_health.check(&no_server()).await.is_err());
    assert!(resolver_health.check(&client).await.is_err());
    assert_eq!(server.query_count(), 0, "the last result is reused");
    advance(TTL).await;
    assert!(resolver_health.check(&client).await.is_ok());
    assert_eq!(server.query_count(), 1);
}

#[tokio::test]
async fn a_recovery_invalidates_the_last_result() {
    let resolver_health = ResolverHealth::default();
    note(&resolver_health, &[false, false, false]);
    assert!(resolver_health.check(&no_server()).await.is_err());
    note(&resolver_health, &[true, false, false, false]);
    let (server, client) = working_server().await;
    assert!(resolver_health.check(&client).await.is_ok());
    assert_eq!(server.query_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_times_out_after_two_seconds() {
    let resolver_health = ResolverHealth::default();
    note(&resolver_health, &[false, false, false]);
    let server = Scripted::start(|_| None, None).await;
    let silent = Client::new(vec![server.upstream()], 1);
    let failure = resolver_health.check(&silent).await.expect_err("silence");
    assert_eq!(
        failure.to_string(),
        "the configured resolvers did not answer within 2 s"
    );
}
