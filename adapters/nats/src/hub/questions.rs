//! The questions that wait for an answer, and what came for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use crate::metrics;

/// What came for a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// The agent works on it.
    Alive,
    /// Partial data.
    Progress(Bytes),
    /// The data.
    Reply(Bytes),
    /// A problem of the agent.
    Problem(Bytes),
    /// An answer that is none.
    Unreadable,
    /// No agent of this name is connected.
    NobodyThere,
}

/// The open questions by their identifier.
#[derive(Default)]
pub(super) struct Questions(Mutex<HashMap<String, Arc<Slot>>>);

/// Room for what came for one question: the latest partial data and the first end, however much an agent sends.
struct Slot {
    agent: String,
    mail: Mutex<Mail>,
    changed: Notify,
}

/// What came since the question last looked.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// Whether anything came.
    pub is_alive: bool,
    /// The latest partial data.
    pub progress: Option<Bytes>,
    /// The end of the question.
    pub end: Option<News>,
}

impl Questions {
    /// Opens a question to an agent; it is closed when the returned value is dropped.
    pub(super) fn open(
        self: &Arc<Self>,
        agent: &str,
        id: String,
        stops: mpsc::Sender<(String, String)>,
    ) -> Open {
        let slot = Arc::new(Slot {
            agent: agent.to_owned(),
            mail: Mutex::default(),
            changed: Notify::new(),
        });
        self.all().insert(id.clone(), slot.clone());
        Open {
            questions: self.clone(),
            slot,
            id,
            stops,
            is_answered: false,
        }
    }

    /// Keeps what an agent sent for a question; what belongs to none is counted and dropped.
    pub(super) fn tell(&self, agent: &str, id: &str, news: News) {
        let slot = self.all().get(id).cloned();
        match slot {
            Some(slot) if slot.agent == agent => slot.put(news),
            Some(_) => metrics::dropped("wrong_agent"),
            None => metrics::dropped("no_question"),
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn put(&self, news: News) {
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        if mail.end.is_some() {
            return metrics::dropped("after_the_end");
        }
        mail.is_alive = true;
        match news {
            News::Alive => {}
            News::Progress(data) => mail.progress = Some(data),
            end => mail.end = Some(end),
        }
        drop(mail);
        self.changed.notify_one();
    }
}

/// An open question.
pub(super) struct Open {
    questions: Arc<Questions>,
    slot: Arc<Slot>,
    pub(super) id: String,
    stops: mpsc::Sender<(String, String)>,
    is_answered: bool,
}

impl Open {
    /// Waits until something came.
    pub(super) async fn changed(&self) {
        self.slot.changed.notified().await;
    }

    /// Takes what came. Partial data stays where it is unless it is wanted now.
    pub(super) fn take(&self, with_progress: bool) -> Mail {
        let mut mail = self
            .slot
            .mail
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Mail {
            is_alive: std::mem::take(&mut mail.is_alive),
            progress: if with_progress {
                mail.progress.take()
            } else {
                None
            },
            end: mail.end.take(),
        }
    }

    /// Whether partial data waits to be taken.
    pub(super) fn has_progress(&self) -> bool {
        let mail = self
            .slot
            .mail
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        mail.progress.is_some()
    }

    /// Records that the agent has ended the question, so that there is nothing to stop.
    pub(super) fn set_answered(&mut self) {
        self.is_answered = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.questions.all().remove(&self.id);
        if !self.is_answered {
            let stop = (self.slot.agent.clone(), std::mem::take(&mut self.id));
            let _ = self.stops.try_send(stop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(questions: &Arc<Questions>) -> (Open, mpsc::Receiver<(String, String)>) {
        let (stops, stopped) = mpsc::channel(4);
        (questions.open("fra1", "7Z".into(), stops), stopped)
    }

    #[test]
    fn only_the_agent_that_was_asked_is_heard() {
        let questions = Arc::new(Questions::default());
        let (open, _stopped) = open(&questions);
        questions.tell("sin1", "7Z", News::Reply(Bytes::new()));
        questions.tell("fra1", "8Z", News::Reply(Bytes::new()));
        assert!(!open.take(true).is_alive);
        questions.tell("fra1", "7Z", News::Alive);
        assert!(open.take(true).is_alive);
    }

    #[test]
    fn of_many_messages_the_latest_progress_and_the_first_end_are_kept() {
        let questions = Arc::new(Questions::default());
        let (open, _stopped) = open(&questions);
        for n in 0..100_000_u32 {
            questions.tell("fra1", "7Z", News::Progress(n.to_string().into()));
        }
        assert_eq!(open.take(false).progress, None);
        assert!(open.has_progress());
        questions.tell("fra1", "7Z", News::Problem("a".into()));
        questions.tell("fra1", "7Z", News::Reply("b".into()));
        let mail = open.take(true);
        assert_eq!(mail.progress, Some("99999".into()));
        assert_eq!(mail.end, Some(News::Problem("a".into())));
    }

    #[test]
    fn a_question_that_is_dropped_is_stopped_unless_it_was_answered() {
        let questions = Arc::new(Questions::default());
        let (dropped, mut stopped) = open(&questions);
        drop(dropped);
        assert_eq!(stopped.try_recv(), Ok(("fra1".into(), "7Z".into())));
        assert!(questions.all().is_empty());

        let (mut finished, mut stopped) = open(&questions);
        finished.set_answered();
        drop(finished);
        assert!(stopped.try_recv().is_err());
    }
}
