use super::*;
use crate::dns::wire::{Scripted, answer};

fn nobody() -> Client {
    Client::new(Vec::new(), 1)
}

async fn somebody() -> (Scripted, Client) {
    let server = Scripted::start(|query| Some(answer(query, 0, None)), None).await;
    let client = Client::new(vec![server.upstream()], 1);
    (server, client)
}

fn note(alive: &Alive, answered: &[bool]) {
    answered.iter().for_each(|answered| alive.note(*answered));
}

/// Time passes, and runs on as it does: what follows uses sockets.
async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[tokio::test]
async fn who_was_never_asked_or_failed_twice_is_believed_to_be_there() {
    let alive = Alive::default();
    for answered in [&[][..], &[false, false], &[true, false, false], &[true]] {
        note(&alive, answered);
        assert!(alive.check(&nobody()).await.is_ok());
        note(&alive, &[true]);
    }
}

#[tokio::test]
async fn after_three_failures_the_resolvers_are_asked_themselves() {
    let alive = Alive::default();
    note(&alive, &[false, false, false]);
    let failure = alive.check(&nobody()).await.expect_err("nobody");
    assert_eq!(
        failure.to_string(),
        "no resolver is configured; see `[dns] servers`"
    );
    let alive = Alive::default();
    note(&alive, &[false, false, false]);
    let (server, client) = somebody().await;
    assert!(alive.check(&client).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn what_they_told_holds_for_a_while() {
    let alive = Alive::default();
    note(&alive, &[false, false, false]);
    let (server, client) = somebody().await;
    assert!(alive.check(&nobody()).await.is_err());
    assert!(alive.check(&client).await.is_err());
    assert_eq!(server.asked(), 0, "the answer is still good");
    later(HOLDS).await;
    assert!(alive.check(&client).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn an_answer_in_between_makes_what_they_told_worthless() {
    let alive = Alive::default();
    note(&alive, &[false, false, false]);
    assert!(alive.check(&nobody()).await.is_err());
    note(&alive, &[true, false, false, false]);
    let (server, client) = somebody().await;
    assert!(alive.check(&client).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn silence_is_believed_after_two_seconds() {
    let alive = Alive::default();
    note(&alive, &[false, false, false]);
    let server = Scripted::start(|_| None, None).await;
    let silent = Client::new(vec![server.upstream()], 1);
    let failure = alive.check(&silent).await.expect_err("silence");
    assert_eq!(
        failure.to_string(),
        "every configured resolver did not answer within 2 s"
    );
}
