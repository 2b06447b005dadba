//! Sending of final messages, retried until the platform accepts them or their time is over.

use std::time::Duration;

use netvane_core::{Input, document::Document};
use tokio::time::{Instant, timeout};

use crate::{
    chat::{Chat, Inner},
    chat_message::{Button, ChatMessage, note},
    journal::{Interrupted, Job, OpenJob, log_unkept},
    message_sink::{CALL, MessageSink, SendError},
    question::ChatRequest,
    send_limiter::Bucket,
    waits::Waits,
};

/// How long a message that does not belong to a lookup is retried.
const TELL: Duration = Duration::from_secs(60);

/// Longest wait between two attempts to send a message, before jitter.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Chat {
    /// Tells the user that a restart interrupted a request that cannot be repeated automatically,
    /// and closes the request.
    pub async fn give_up(
        &self,
        interrupted: Interrupted,
        bucket: Bucket,
        sink: &mut impl MessageSink,
    ) {
        let job = &interrupted.job;
        let (text, input) = if job.in_doubt {
            (
                "Netvane restarted during this lookup. If no reply arrived, please try again.",
                &job.input,
            )
        } else {
            (
                "Netvane restarted before the lookup finished. Please try again.",
                &None,
            )
        };
        let buttons = match input {
            Some(Input::Text(line)) => self.choice(vec![("Try again".into(), line.clone())]).await,
            _ => Vec::new(),
        };
        // `tell` logs the error.
        let _ = self
            .tell(&note("Interrupted", text), &buttons, bucket, sink)
            .await;
        self.discard(interrupted).await;
    }

    /// Closes a request that a restart interrupted without a message.
    pub async fn discard(&self, interrupted: Interrupted) {
        if let Some(open) = &interrupted.open {
            log_unkept(self.0.journal.close(open).await);
        }
    }

    /// Sends a message that does not belong to a lookup. If the platform limits the rate or fails
    /// for a while, it is retried for up to a minute.
    pub async fn tell(
        &self,
        document: &Document,
        buttons: &[Button],
        bucket: Bucket,
        sink: &mut impl MessageSink,
    ) -> Result<(), SendError> {
        let message = ChatMessage {
            document,
            buttons,
            menu: None,
            working: false,
            personal: false,
        };
        let told = self
            .send_with_retry(bucket, sink, &message, Instant::now() + TELL, None)
            .await;
        if let Err(error) = &told {
            tracing::warn!(
                adapter = self.0.platform.name(),
                ?error,
                "could not send a notice"
            );
        }
        told
    }

    /// Sends a final message, retrying until the platform accepts it or `deadline` is over. If it
    /// is a new message that cannot be found again, `question` is persisted as in doubt before the
    /// first attempt: after a crash it may have arrived.
    pub(crate) async fn send_with_retry(
        &self,
        bucket: Bucket,
        sink: &mut impl MessageSink,
        message: &ChatMessage<'_>,
        deadline: Instant,
        question: Option<(&ChatRequest, &OpenJob)>,
    ) -> Result<(), SendError> {
        let Inner {
            send_limiter,
            journal,
            ..
        } = &*self.0;
        let mut in_doubt = false;
        let mut waits = Waits::up_to(LONGEST_WAIT);

        loop {
            send_limiter.turn(bucket).await;
            if let Some((question, open)) = question.filter(|_| sink.is_new() && !in_doubt) {
                in_doubt = true;
                let job = Job {
                    in_doubt,
                    ..question.job(sink.place())
                };
                log_unkept(journal.update(open, &job).await);
            }

            let error = match timeout(CALL, sink.show(message)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_) => SendError::Transient("the platform did not respond in time".into()),
            };

            let wait = match &error {
                SendError::Permanent(_) => return Err(error),
                SendError::RateLimited { wait, everywhere } => {
                    send_limiter.close((!everywhere).then_some(bucket), *wait);
                    if let Some((question, open)) = question.filter(|_| in_doubt) {
                        // A rate-limited message has not arrived.
                        in_doubt = false;
                        log_unkept(journal.update(open, &question.job(sink.place())).await);
                    }
                    Duration::ZERO
                }
                SendError::Transient(_) => waits.next_wait(),
            };

            if Instant::now() + wait > deadline {
                return Err(error);
            }

            if let Some((_, open)) = question {
                open.keep_alive();
            }
            tokio::time::sleep(wait).await;
        }
    }
}
