//! What replicas ask each other directly: what only the process knows that is asked.

use std::time::Duration;

use async_nats::Request;
use futures::StreamExt;
use netvane_core::store::Responder;

use super::api::Api;

/// Time in which the replica that knows the answer gives it.
const PATIENCE: Duration = Duration::from_millis(500);
/// Longest question in bytes.
const MAX_LENGTH: usize = 16 << 10;

fn subject(topic: &str) -> String {
    format!("nv.1.replica.all.{topic}")
}

/// Answers the questions about a topic, as long as there is a client. The others stay silent, so that the first answer is
/// that of the replica that knows it.
pub(super) async fn respond(api: Api, topic: String, responder: Responder) {
    let client = api.link.client();
    let Ok(mut questions) = client.subscribe(subject(&topic)).await else {
        return;
    };
    while let Some(question) = questions.next().await {
        let (Some(reply), payload) = (question.reply, question.payload) else {
            continue;
        };
        if payload.len() <= MAX_LENGTH
            && let Some(answer) = responder(&payload)
        {
            let _ = client.publish(reply, answer.into()).await;
        }
    }
}

/// Asks all replicas; gives the first answer, if there is one.
pub(super) async fn ask(api: Api, topic: String, question: Vec<u8>) -> Option<Vec<u8>> {
    api.check().ok()?;
    let request = Request::new()
        .payload(question.into())
        .timeout(Some(PATIENCE));
    let asked = api.link.client().send_request(subject(&topic), request);
    Some(asked.await.ok()?.payload.to_vec())
}
