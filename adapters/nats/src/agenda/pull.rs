//! Pulling the jobs of a kind: as many as this replica has room for.

use std::{sync::Arc, time::Duration};

use async_nats::Subscriber;
use futures::StreamExt;
use netvane_core::store::Kind;
use rand::RngExt as _;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    Agenda,
    message::{Delivery, Pulled, nak, read},
    settle::Settlement,
    table::{Job, since},
};
use crate::state::streams::{AGENDA, consumer_of};

/// Jobs of a kind that this replica holds at most, beside those that began here.
const WINDOW: usize = 64;
/// Time for which the server keeps a pull open.
const OPEN: Duration = Duration::from_secs(5);
/// Pause while nothing can be pulled.
const PAUSE: Duration = Duration::from_millis(250);
/// Time after which a job that another replica holds is looked at again.
const HELD: Duration = Duration::from_secs(5);
/// A job that is due so soon is taken at once.
const SOON: Duration = Duration::from_millis(20);

impl Agenda {
    /// Pulls jobs of a kind until the process ends.
    pub(super) async fn pull(self: Arc<Self>, kind: &'static Kind) {
        while !self.is_closed() {
            let inbox = self.api.link.client().new_inbox();
            match self.api.link.client().subscribe(inbox.clone()).await {
                Ok(mut messages) => self.pull_into(kind, &inbox, &mut messages).await,
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn pull_into(
        self: &Arc<Self>,
        kind: &'static Kind,
        inbox: &str,
        messages: &mut Subscriber,
    ) {
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{AGENDA}.{}", consumer_of(kind));
        while !self.is_closed() {
            let room = WINDOW.saturating_sub(self.look(kind, |table| table.delivered()));
            if room == 0 || self.api.check().is_err() {
                sleep(PAUSE).await;
                continue;
            }

            let open = u64::try_from(OPEN.as_nanos()).unwrap_or_default();
            let body = json!({ "batch": room, "expires": open }).to_string();
            let client = self.api.link.client();
            let asked = client
                .publish_with_reply(subject.clone(), inbox.to_owned(), body.into())
                .await;
            let end = Instant::now() + OPEN + PAUSE;
            if asked.is_err() {
                sleep(PAUSE).await;
                continue;
            }

            for _ in 0..room {
                let next = tokio::select! {
                    next = timeout_at(end, messages.next()) => next,
                    () = self.closed.cancelled() => return self.give_back_rest(messages).await,
                };
                let Ok(Some(message)) = next else { break };
                match read(&message) {
                    Pulled::Job(delivery) => self.receive(kind, delivery).await,
                    Pulled::Unreadable(ack) => {
                        tracing::warn!(kind = kind.name, "unreadable job removed");
                        let _ = self.api.send(ack, None, "+TERM".into()).await;
                    }
                    Pulled::End => {
                        // Without a leader the server answers at once.
                        if end.saturating_duration_since(Instant::now()) > PAUSE * 2 {
                            sleep(PAUSE).await;
                        }
                        break;
                    }
                }
            }
        }
    }

    /// Gives back what was on its way when this replica stopped pulling.
    async fn give_back_rest(&self, messages: &mut Subscriber) {
        let _ = messages.unsubscribe().await;
        let end = Instant::now() + PAUSE;
        while let Ok(Some(message)) = timeout_at(end, messages.next()).await {
            if let Pulled::Job(delivery) = read(&message) {
                self.give_back(&delivery, Duration::ZERO).await;
            }
        }
    }

    /// Takes in a job that was delivered, or gives it back.
    async fn receive(self: &Arc<Self>, kind: &'static Kind, delivery: Delivery) {
        let id = delivery.job.id.as_str();
        if let Some(settlement) = self.settlement_of(kind, id, delivery.sequence) {
            let _ = self.answer(&delivery.ack, settlement).await;
            return;
        }
        if let Some(stale) = self.look(kind, |table| match table.jobs.get_mut(id) {
            None => None,
            Some(job) if delivery.sequence >= job.sequence => {
                job.sequence = delivery.sequence;
                job.ack = Some(delivery.ack.clone());
                job.confirmed = Instant::now();
                Some(false)
            }
            Some(_) => Some(true),
        }) {
            if stale {
                let _ = self.answer(&delivery.ack, Settlement::Done).await;
            }
            return;
        }

        let left = Duration::from_millis(delivery.job.delay_ms).saturating_sub(delivery.age);
        if left > SOON {
            return self.give_back(&delivery, left).await;
        }
        match delivery.job.holder.as_deref() {
            Some(holder) if holder != self.replica && delivery.count <= 1 => {
                self.give_back(&delivery, HELD).await;
            }
            Some(holder) if holder != self.replica => {
                let (agenda, holder) = (self.clone(), holder.to_owned());
                tokio::spawn(async move { agenda.ask_holder(kind, delivery, &holder).await });
            }
            _ => self.take_in(kind, delivery).await,
        }
    }

    /// Takes a job whose holder has ended, or has given it up.
    async fn ask_holder(self: Arc<Self>, kind: &'static Kind, delivery: Delivery, holder: &str) {
        match self.ask(kind, &delivery, holder).await {
            super::Answer::Held => self.give_back(&delivery, HELD).await,
            super::Answer::Done => {
                let _ = self.answer(&delivery.ack, Settlement::Done).await;
            }
            // After all servers were away, the holder may not be connected again yet.
            super::Answer::Silence if !self.is_settled() => self.give_back(&delivery, HELD).await,
            super::Answer::Free | super::Answer::Silence => self.take_in(kind, delivery).await,
        }
    }

    async fn take_in(&self, kind: &'static Kind, delivery: Delivery) {
        let Delivery {
            job, ack, sequence, ..
        } = &delivery;
        let is_taken = self.change(kind, |table| {
            if table.jobs.contains_key(&job.id) || table.is_crowded(&job.owner) {
                return false;
            }
            let held = Job {
                owner: job.owner.clone(),
                sequence: *sequence,
                ack: Some(ack.clone()),
                confirmed: Instant::now(),
                since: since(delivery.age),
            };
            table.add(&job.id, held);
            true
        });
        if !is_taken {
            // The more often, the longer: many jobs of one owner may wait.
            let most = HELD * u32::try_from(delivery.count.min(6)).unwrap_or(1);
            let delay = most.mul_f64(rand::rng().random_range(0.3..1.0));
            self.give_back(&delivery, delay).await;
        }
    }

    /// Gives a delivery back until this delay is over. If the server does not hear it, it gives the job out later.
    async fn give_back(&self, delivery: &Delivery, delay: Duration) {
        let client = self.api.link.client();
        let _ = client
            .publish(delivery.ack.clone(), nak(delay).into())
            .await;
    }
}
