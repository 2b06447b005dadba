//! Final pages: shown again and again until the platform takes them, or their time is over.

use std::time::Duration;

use netvane_core::{Input, document::Document};
use tokio::time::{Instant, timeout};

use crate::{
    chat::{Chat, Inner},
    chat_message::{Button, ChatMessage, note},
    journal::{Job, log_unkept},
    message_sink::{CALL, MessageSink, SendError},
    question::ChatRequest,
    send_limiter::Bucket,
    waits::Waits,
};

/// What no lookup stands behind is tried to be said for this long.
const TELL: Duration = Duration::from_secs(60);

/// Tries to show a page lie at most this far apart.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Chat {
    /// A question that a restart interrupted and that cannot be asked again ends with a word about it.
    pub async fn give_up(&self, job: &Job, bucket: Bucket, sink: &mut impl MessageSink) {
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
        // The reason is logged where sending fails.
        let _ = self
            .tell(&note("Interrupted", text), &buttons, bucket, sink)
            .await;
        log_unkept(self.0.journal.close(&job.id).await);
    }

    /// Says something that no lookup stands behind. It is not lost to a flood or a fault that passes within a minute.
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
            working: false,
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

    /// Shows a final page, again and again until the platform takes it or its time is over. While that of a question is
    /// on its way for the first time, it is kept that it may have arrived.
    pub(crate) async fn send_with_retry(
        &self,
        bucket: Bucket,
        sink: &mut impl MessageSink,
        message: &ChatMessage<'_>,
        deadline: Instant,
        question: Option<&ChatRequest>,
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
            if let Some(question) = question.filter(|_| sink.is_new() && !in_doubt) {
                in_doubt = true;
                log_unkept(
                    journal
                        .open(&Job {
                            in_doubt,
                            ..question.job(sink.place())
                        })
                        .await,
                );
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
                    if let Some(question) = question.filter(|_| in_doubt) {
                        // It did not arrive.
                        in_doubt = false;
                        log_unkept(journal.open(&question.job(sink.place())).await);
                    }
                    Duration::ZERO
                }
                SendError::Transient(_) => waits.next_wait(),
            };

            if Instant::now() + wait > deadline {
                return Err(error);
            }

            tokio::time::sleep(wait).await;
        }
    }
}
